// Draws the pictures of docs/ again, all of them or those that are named (node scripts/draw-docs.mjs borders waldo), with the
// facade and the addon of the last build. The charts of bench/ are not among them: they are measurements.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import sharp from 'sharp'

const root = resolve(import.meta.dirname, '..')
const WIDTH = 1200 // of pictures that come out larger than a page

const pictures = [
  { file: 'window.png', draw: example('window') },
  { file: 'sheet.png', draw: scaled(command('sheet', join(root, 'examples/photos/chelsea.png'), '-o')) },
  { file: 'cost.svg', draw: command('cost', '--image', '1000x1000', '--plot') },
  { file: 'constraints.png', draw: example('constraints') },
  { file: 'equivariance.png', draw: example('equivariance') },
  { file: 'flip.png', draw: example('flip') },
  { file: 'channels.png', draw: example('channels') },
  { file: 'borders.png', draw: example('borders') },
  { file: 'waldo.png', draw: example('find-waldo') },
  { file: 'label-pixels.png', draw: scaled(example('label-pixels')) },
  { file: 'mel-spectrogram.png', draw: example('mel-spectrogram') },
]

const named = process.argv.slice(2)
const known = pictures.map(({ file }) => file.replace(/\..*/, ''))
const unknown = named.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  console.error(`no picture is called ${unknown.join(', ')}; there are ${known.join(', ')}`)
  process.exit(2)
}
for (const [index, { file, draw }] of pictures.entries()) {
  if (named.length > 0 && !named.includes(known[index])) continue
  await draw(join(root, 'docs', file))
  console.log(`docs/${file}`)
}

/** An example is given the path of its picture. */
function example(name) {
  return (path) => node(join(root, 'examples', `${name}.mjs`), path)
}

/** So is a command of the program, at its end. */
function command(...words) {
  return (path) => node(join(root, 'dist/cli/main.js'), ...words, path)
}

/** What another one draws, at WIDTH. */
function scaled(draw) {
  return async (path) => {
    const folder = mkdtempSync(join(tmpdir(), 'simdconv-'))
    try {
      const large = join(folder, 'large.png')
      draw(large)
      await sharp(large).resize(WIDTH).png({ palette: true, effort: 10 }).toFile(path)
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
}

function node(...words) {
  const { status } = spawnSync(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) process.exit(1)
}
