/** The programs in examples/ run, print what they say, and agree with the documentation. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect } from 'chai'
import sharp from 'sharp'

const root = resolve(__dirname, '../..')

function run(example: string, ...words: readonly string[]): string {
  const path = join(root, 'examples', example)
  const { status, stdout, stderr } = spawnSync(process.execPath, [path, ...words], { encoding: 'utf8' })
  expect(stderr).to.equal('')
  expect(status).to.equal(0)
  return stdout
}

describe('examples', () => {
  it('quickstart.mjs finds the edge, as its comments say', () => {
    const printed = run('quickstart.mjs').trim().split('\n')
    expect(printed).to.deep.equal(['5 x 7 x 1', '0 0 4 4 0 0 0'])
    const source = readFileSync(join(root, 'examples/quickstart.mjs'), 'utf8')
    for (const line of printed) expect(source).to.include(`// ${line}\n`)
  })

  it('borders.mjs draws the picture, and prints the table of docs/borders.md', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'simdconv-'))
    try {
      const picture = join(folder, 'borders.png')
      const printed = run('borders.mjs', picture)
      const table = printed.slice(0, printed.indexOf(picture)).trim()
      expect(readFileSync(join(root, 'docs/borders.md'), 'utf8')).to.include(`\n${table}\n`)
      const drawn = await sharp(picture).metadata()
      const documented = await sharp(join(root, 'docs/borders.png')).metadata()
      expect([drawn.width, drawn.height]).to.deep.equal([documented.width, documented.height])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  const drawn = [
    ['constraints', 'from-dense-to-convolution'],
    ['equivariance', 'from-dense-to-convolution'],
    ['window', 'README'],
    ['flip', 'convolution'],
    ['channels', 'channels'],
  ] as const
  for (const [name, page] of drawn) {
    it(`${name}.mjs draws the picture, and prints what docs/${page}.md says`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'simdconv-'))
      try {
        const picture = join(folder, `${name}.png`)
        const printed = run(`${name}.mjs`, picture)
        const lines = printed.slice(0, printed.indexOf(picture)).trimEnd()
        expect(readFileSync(join(root, `docs/${page}.md`), 'utf8')).to.include(`\n${lines}\n`)
        const made = await sharp(picture).metadata()
        const documented = await sharp(join(root, `docs/${name}.png`)).metadata()
        expect([made.width, made.height]).to.deep.equal([documented.width, documented.height])
      } finally {
        rmSync(folder, { recursive: true })
      }
    })
  }

  it('mel-spectrogram.mjs hears the notes of the song that it composed, and draws the picture', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'simdconv-'))
    try {
      const [picture, song] = [join(folder, 'song.png'), join(folder, 'song.wav')]
      const lines = run('mel-spectrogram.mjs', picture, song).trim().split('\n')
      expect(lines[0]).to.equal(`${song}: 4 s at 16000 Hz`)
      const heard = lines.flatMap((line) => {
        const words = /^note \d: (\d+) Hz, heard from (\d+) to (\d+) Hz$/.exec(line)
        return words === null ? [] : [words.slice(1).map(Number)]
      })
      expect(heard.map(([note]) => note)).to.deep.equal([262, 330, 392, 523, 392, 330, 262])
      for (const [note, low, high] of heard) expect(note).to.be.within(low!, high!)
      const drawn = await sharp(picture).metadata()
      const documented = await sharp(join(root, 'docs/mel-spectrogram.png')).metadata()
      expect([drawn.width, drawn.height]).to.deep.equal([documented.width, documented.height])
      const { dominant } = await sharp(picture).stats()
      expect(dominant.r + dominant.g + dominant.b, 'most of the picture is silence').to.be.below(150)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('find-waldo.mjs finds him, and prints what docs/waldo.md says', () => {
    const folder = mkdtempSync(join(tmpdir(), 'simdconv-'))
    try {
      const picture = join(folder, 'waldo.png')
      const printed = run('find-waldo.mjs', picture)
      const lines = printed.slice(0, printed.indexOf(picture)).trim()
      expect(readFileSync(join(root, 'docs/waldo.md'), 'utf8')).to.include(`\n${lines}\n`)
      expect(lines).to.match(/^crowd: he is here/m)
      expect(lines).to.match(/^withoutHim: he is not here/m)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('text-cnn.mjs learns what two words mean together, and not what it never saw', () => {
    const printed = run('text-cnn.mjs')
    const right = (line: RegExp): number => Number(line.exec(printed)?.[1])
    expect(right(/^convolution over words: +(\d+) % right$/m)).to.be.at.least(95)
    expect(right(/^words alone, in any order: (\d+) % of 400 new ones right$/m)).to.be.below(65)
    expect(right(/^"not" before words that it never stood before: (\d+) % right$/m)).to.be.below(75)
    expect(right(/^"never as .* good": (\d+) % right$/m)).to.be.below(75)
    expect(printed.match(/^(praise|complaint): .+ \| .+$/gm)).to.have.length(6)
  })

  it('colour-grade.mjs learns the grade better than a matrix does, and draws it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'simdconv-'))
    try {
      const picture = join(folder, 'grade.png')
      const printed = run('colour-grade.mjs', picture, '4000').trim().split('\n')
      expect(printed[0]).to.match(/^learned 3-16-16-3 from astronaut\.png in [\d.]+ s$/)
      for (const [index, name] of ['astronaut.png', 'coffee.png', 'chelsea.png'].entries()) {
        const line =
          /^(\S+): off by ([\d.]+) of 255; a matrix that learned alike by ([\d.]+), the photo itself by ([\d.]+)$/
        const [, photo, learned, matrix, nothing] = line.exec(printed[index + 1]!)!
        expect(photo).to.equal(name)
        expect(Number(learned)).to.be.below(Number(matrix) * 0.7)
        expect(Number(matrix)).to.be.below(Number(nothing))
      }
      expect(printed[4]).to.match(/^6000 x 4000 pixels in \d+ ms, \d+ million a second$/)
      expect(printed.slice(5)).to.deep.equal([picture])
      const { width, height } = await sharp(picture).metadata()
      expect([width, height]).to.deep.equal([12 + (300 + 12) + (450 + 12) + (451 + 12), 12 + 3 * (300 + 34)])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('label-pixels.mjs labels its own boxes, and all of the photo', () => {
    const folder = mkdtempSync(join(tmpdir(), 'simdconv-'))
    try {
      const picture = join(folder, 'labels.png')
      const printed = run('label-pixels.mjs', picture, '1000').trim().split('\n')
      expect(printed[0]).to.match(/^learned 6 labels from \d+ pixels in [\d.]+ s$/)
      const shares = printed.slice(1, 7).map((line) => {
        const [, share, right] = /^\w+ +([\d.]+) % of the photo, +([\d.]+) % of its own boxes$/.exec(line)!
        expect(Number(right), line).to.be.above(70)
        return Number(share)
      })
      expect(shares.reduce((sum, share) => sum + share)).to.be.closeTo(100, 0.31) // six roundings
      expect(printed.slice(7)).to.deep.equal([picture])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('server.mjs answers its own requests and stops', () => {
    const [address, served, refused] = run('server.mjs', '--self-test').split('\n')
    expect(address).to.match(/^http:\/\/localhost:\d+$/)
    expect(served).to.match(/^8 photos of 451 x 300 in \d+ ms$/)
    expect(refused).to.equal('415 that is not an image')
  })
})
