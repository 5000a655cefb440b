package cli_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// photograph is a JPEG file of 24 million pixels with the noise of a sensor in
// it, about as large as a camera makes it.
func photograph(t testing.TB, seed uint64) []byte {
	t.Helper()
	const width, height, quality = 6000, 4000, 90
	chance := rand.New(rand.NewPCG(seed, 1))
	p := image.NewYCbCr(image.Rect(0, 0, width, height), image.YCbCrSubsampleRatio420)
	const cell = 250 // pixels between two changes of the light
	light := make([]int, (width/cell+2)*(height/cell+2))
	for i := range light {
		light[i] = 40 + chance.IntN(170)
	}
	for y := range height {
		for x := range width {
			at := y/cell*(width/cell+2) + x/cell
			fx, fy := x%cell, y%cell
			above := light[at]*(cell-fx) + light[at+1]*fx
			below := light[at+width/cell+2]*(cell-fx) + light[at+width/cell+3]*fx
			p.Y[p.YOffset(x, y)] = uint8((above*(cell-fy)+below*fy)/(cell*cell) + int(chance.Uint32()%13))
		}
	}
	for i := range p.Cb {
		p.Cb[i], p.Cr[i] = uint8(110+i%p.CStride*30/p.CStride), uint8(150-i/p.CStride*30/(height/2))
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, p, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// BenchmarkPhotographs builds a site of 100 photographs of 24 million pixels,
// each in four widths, in a process of its own, and says how much memory that
// took at most. More than a GiB is a failure.
func BenchmarkPhotographs(b *testing.B) {
	b.Run("jpeg", func(b *testing.B) { buildPhotographs(b, "false") })
	b.Run("webp", func(b *testing.B) {
		if _, err := exec.LookPath("cwebp"); err != nil {
			b.Skip("SKIPPED: there is no cwebp on PATH")
		}
		buildPhotographs(b, "required")
	})
}

func buildPhotographs(b *testing.B, webp string) {
	const photographs, most = 100, 1 << 30
	f := folder{b, b.TempDir()}
	f.save("site.yaml", "title: Photographs\nbaseURL: https://example.com/\nforms: {}\nimages: {share: false, webp: "+webp+"}\n")
	size := 0
	var taken [][]byte
	for seed := range uint64(4) {
		taken = append(taken, photograph(b, seed))
	}
	for n := range photographs {
		// A comment makes each a file of its own.
		comment := fmt.Sprintf("photograph %d", n)
		part := append(binary.BigEndian.AppendUint16([]byte{0xFF, 0xFE}, uint16(len(comment)+2)), comment...)
		whole := taken[n%len(taken)]
		size += len(whole)
		f.save(fmt.Sprintf("content/posts/%d/index.md", n), fmt.Sprintf("---\ntitle: Photograph %d\ndate: 2026-01-01\n---\n![Light](p.jpg)\n", n))
		f.save(fmt.Sprintf("content/posts/%d/p.jpg", n), string(bytes.Join([][]byte{whole[:2], part, whole[2:]}, nil)))
	}
	program, err := exec.LookPath("cardbowl")
	if err != nil {
		b.Fatal(err)
	}
	var peak int64
	for b.Loop() {
		b.StopTimer()
		for _, made := range []string{".cardbowl", "public"} {
			if err := os.RemoveAll(filepath.Join(f.path, made)); err != nil {
				b.Fatal(err)
			}
		}
		b.StartTimer()
		build := exec.Command(program, "build", "-s", f.path)
		if said, err := build.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, said)
		}
		usage, ok := build.ProcessState.SysUsage().(*syscall.Rusage)
		if !ok {
			b.Fatal("the system does not tell what a process used")
		}
		peak = max(peak, usage.Maxrss<<10)
	}
	b.ReportMetric(float64(peak)/1e6, "peak-MB")
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N*photographs), "s/photograph")
	b.ReportMetric(float64(size)/1e6/photographs, "MB/photograph")
	if peak > most {
		b.Errorf("the build took %d MB", peak/1e6)
	}
}
