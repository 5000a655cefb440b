// Package picture makes the published forms of pictures.
//
// In come the files of the site and settings; out go their measures, the
// variants each is published in (width, type, address), and the bytes of a
// variant when somebody asks for them. What was made once lies in a cache folder
// under the digest of everything it depends on: the source's bytes, the
// settings, the encoder and its version. The cache may be deleted at any time.
//
// It also draws the picture that social networks show beside a link.
//
// It deliberately decides nothing about markup, enlarges nothing, and leaves
// alone what it cannot make better: SVG, GIF and WebP files are only measured.
package picture
