// Looks for words in the index that stands beside the page. Its words are made
// as the generator makes them: the same vectors are tried on both.
(() => {
  'use strict';
  const longest = 40, step = 20;

  const fold = (run) => run.normalize('NFKD').replace(/\p{M}+/gu, '').toLowerCase().replace(/\p{M}+/gu, '').replaceAll('ς', 'σ');
  const unspaced = '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}ー';
  const wide = new RegExp(`^[${unspaced}]`, 'u');
  const parts = new RegExp(`[${unspaced}]+|[^${unspaced}]+`, 'gu');

  const wordsOf = (text) => {
    const out = [];
    for (const run of text.match(/[\p{L}\p{N}\p{M}]+/gu) || []) {
      for (const word of fold(run).match(/[\p{L}\p{N}]+/gu) || []) {
        for (const part of word.match(parts)) {
          const letters = [...part];
          if (!wide.test(part)) {
            if (letters.length > 1) out.push(letters.slice(0, longest).join(''));
          } else if (letters.length === 1) {
            out.push(part);
          } else {
            for (let i = 0; i + 1 < letters.length; i++) out.push(letters[i] + letters[i + 1]);
          }
        }
      }
    }
    return out;
  };

  // FNV-1a over the first three letters, or the first where one is a word.
  const shardOf = (word, shards) => {
    const letters = [...word];
    const key = letters.slice(0, wide.test(word) ? 1 : 3).join('');
    let hash = 0x811c9dc5;
    for (const byte of new TextEncoder().encode(key)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
    return hash % shards;
  };

  const form = document.querySelector('form[data-folder]');
  if (!form) return;
  const { folder } = form.dataset, say = form.dataset; // the messages are in the language of the site
  const [shards, pages, perFile] = ['shards', 'pages', 'perFile'].map((key) => Number(form.dataset[key]));
  const input = form.elements.q, status = document.querySelector('.search-status'), list = document.querySelector('.search-results');

  const files = new Map();
  const load = (name) => {
    if (!files.has(name)) {
      const file = fetch(`${folder}${name}.json`, { cache: 'no-cache' }).then((answer) => {
        if (!answer.ok) throw new Error(answer.status);
        return answer.json();
      });
      file.catch(() => files.delete(name));
      files.set(name, file);
    }
    return files.get(name);
  };

  // The pages that hold a word, each with what it counts there. The last word of
  // a question may be unfinished.
  const holders = async (word, unfinished) => {
    const shard = await load('words-' + shardOf(word, shards).toString(16).padStart(2, '0'));
    const counts = new Map();
    const add = (postings, share) => {
      const rarity = Math.log(1 + pages / (postings.length / 2));
      for (let i = 0, page = 0; i < postings.length; i += 2) {
        page += postings[i];
        counts.set(page, Math.max(counts.get(page) || 0, rarity * postings[i + 1] * share));
      }
    };
    for (const known in shard) {
      if (known === word) add(shard[known], 1);
      else if (unfinished && known.startsWith(word)) add(shard[known], 0.6);
    }
    return counts;
  };

  const search = async (question) => {
    const words = [...new Set(wordsOf(question))];
    const open = /[\p{L}\p{N}\p{M}]$/u.test(question);
    const all = await Promise.all(words.map((word, i) => holders(word, open && i === words.length - 1)));
    // A beginning is known from three letters on; until then it asks for nothing.
    if (open && all.length > 1 && !all.at(-1).size && !wide.test(words.at(-1)) && [...words.at(-1)].length < 3) all.pop();
    if (!all.length) return [];
    const found = [];
    for (const [page, count] of all[0]) {
      let sum = count;
      if (all.every((counts, i) => i === 0 || (counts.has(page) && (sum += counts.get(page))))) found.push([page, sum]);
    }
    return found.sort((a, b) => b[1] - a[1] || b[0] - a[0]).map(([page]) => page);
  };

  const element = (name, text, className) => {
    const e = document.createElement(name);
    e.textContent = text;
    if (className) e.className = className;
    return e;
  };

  let turn = 0;
  const show = async (question) => {
    const mine = ++turn;
    if (!wordsOf(question).length) {
      list.replaceChildren();
      status.textContent = question.trim() ? say.short : '';
      return;
    }
    try {
      const found = await search(question);
      const results = await Promise.all(found.slice(0, step).map(async (page) => (await load('pages-' + Math.floor(page / perFile)))[page % perFile]));
      if (mine !== turn) return; // another question was asked meanwhile
      list.replaceChildren(...results.map(([title, url, description, date]) => {
        const item = document.createElement('li'), link = element('a', title), heading = element('h2', '');
        link.href = url;
        heading.append(link);
        item.append(heading);
        if (date) {
          const time = element('time', new Date(date + 'T00:00:00Z').toLocaleDateString(document.documentElement.lang, { timeZone: 'UTC', dateStyle: 'long' }));
          time.dateTime = date;
          item.append(time);
        }
        if (description) item.append(element('p', description));
        return item;
      }));
      const count = found.length, counts = [count, step];
      const message = count === 0 ? say.none : count === 1 ? say.one : count > step ? say.best : say.many;
      status.textContent = message.replace(/#/g, () => counts.shift());
    } catch {
      if (mine === turn) status.textContent = say.failed;
    }
  };

  const asked = () => new URLSearchParams(location.search).get('q') || '';
  const restore = () => {
    input.value = asked();
    show(input.value);
  };
  let waiting;
  input.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      history.replaceState(null, '', input.value ? '?q=' + encodeURIComponent(input.value) : location.pathname);
      show(input.value);
    }, 120);
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    clearTimeout(waiting);
    if (asked() !== input.value) history.pushState(null, '', '?q=' + encodeURIComponent(input.value));
    show(input.value);
  });
  addEventListener('popstate', restore);
  restore();
  if (!input.value) input.focus();
})();
