/** `simdconv find` as a user meets it: crops of the shipped photos, spoilt, in their own photo and in the others. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect } from 'chai'
import sharp from 'sharp'
import { Random } from '../helpers/random'

const root = resolve(__dirname, '../..')
const photo = (name: string): string => join(root, `examples/photos/${name}.png`)

interface Crop {
  readonly name: string
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

interface Row {
  readonly template: string
  readonly score: number
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly scale: number
  readonly turn: number
  readonly isHere: boolean
}

let folder: string

function find(...words: readonly string[]): {
  code: number | null
  stdout: string
  stderr: string
  rows: Row[]
} {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'dist/cli/main.js'), 'find', ...words],
    { cwd: folder, encoding: 'utf8' },
  )
  const lines = stdout.split('\n')
  const rule = lines.findIndex((line) => line.startsWith('---'))
  const rows = lines.slice(rule + 1, lines.indexOf('', rule)).map((line): Row => {
    const [template = '', score, , x, y, width, height, scale, turn, ...is] = line.split(/\s+/)
    const numbers = {
      score: Number(score),
      x: Number(x),
      y: Number(y),
      scale: Number(scale),
      turn: Number(turn),
    }
    return {
      template,
      ...numbers,
      width: Number(width),
      height: Number(height),
      isHere: is.join(' ') === 'here',
    }
  })
  return { code: status, stdout, stderr, rows: rule < 0 ? [] : rows }
}

/** Cuts a piece out of a photo: dimmer, with less contrast, with noise, and a fifth smaller. */
async function spoil(path: string, { name, left, top, width, height }: Crop, seed: number): Promise<void> {
  const { data, info } = await sharp(photo(name))
    .extract({ left, top, width, height })
    .raw()
    .toBuffer({ resolveWithObject: true })
  const random = new Random(seed)
  const noise = (): number => 24 * (random.next() + random.next() + random.next() - 1.5)
  await sharp(
    Uint8ClampedArray.from(data, (value) => 0.75 * value + 20 + noise()),
    {
      raw: { width, height, channels: info.channels },
    },
  )
    .resize(Math.round(width * 0.8), Math.round(height * 0.8))
    .png()
    .toFile(join(folder, path))
}

function expectFailure(words: string, code: number, sentence: string): void {
  const { code: got, stdout, stderr } = find(...words.split(' ').filter(Boolean))
  expect([got, stdout, stderr]).to.deep.equal([code, '', `simdconv: ${sentence}\n`])
}

const crops: readonly Crop[] = [
  { name: 'chelsea', left: 150, top: 80, width: 110, height: 80 },
  { name: 'chelsea', left: 200, top: 190, width: 90, height: 90 },
  { name: 'coffee', left: 250, top: 140, width: 96, height: 96 },
  { name: 'coffee', left: 310, top: 200, width: 120, height: 100 },
  { name: 'camera', left: 220, top: 80, width: 80, height: 90 },
  { name: 'camera', left: 250, top: 280, width: 90, height: 110 },
]

describe('simdconv find', () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'simdconv-'))
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  for (const [index, crop] of crops.entries()) {
    const { name, left, top, width, height } = crop
    it(`${width} x ${height} pixels of ${name} at ${left}, ${top}: there${index % 2 === 0 ? ', and in no other photo' : ''}`, async () => {
      await spoil('crop.png', crop, 100 + index)
      const others = ['chelsea', 'coffee', 'camera'].filter((other) => other !== name)
      for (const scene of [name, ...(index % 2 === 0 ? others : [])]) {
        const { code, rows, stderr, stdout } = find(photo(scene), 'crop.png', '-o', 'heat.png')
        expect(stderr).to.equal('')
        expect(rows, scene).to.have.length(1)
        expect([code, rows[0]!.isHere], stdout).to.deep.equal(scene === name ? [0, true] : [3, false])
        if (scene !== name) {
          expect(stdout).to.include(`crop.png is not in ${scene}.png: the best place scores `)
          continue
        }
        expect(stdout).to.include(`crop.png is in ${scene}.png, in 1 place; the best scores `)
        expect(rows[0]!.x, 'x').to.be.closeTo(left, 2)
        expect(rows[0]!.y, 'y').to.be.closeTo(top, 2)
        expect(rows[0]!.width, 'width').to.be.closeTo(width, 2)
        expect(rows[0]!.height, 'height').to.be.closeTo(height, 2)
      }
    })
  }

  it('several templates, of which one is there; the heat map is as large as the scene', async () => {
    await spoil('eye.png', crops[0]!, 1)
    await spoil('cup.png', crops[2]!, 2)
    const { code, rows, stdout } = find(
      photo('chelsea'),
      'cup.png',
      'eye.png',
      '-o',
      'heat.png',
      '--scales',
      '1,1.25',
    )
    expect([code, rows.map(({ template, isHere }) => `${template} ${isHere}`)]).to.deep.equal([
      0,
      ['cup.png false', 'eye.png true'],
    ])
    expect(stdout).to.match(
      /^cup\.png is not in .*\n {2}Threshold: .*\neye\.png is in .*\n {2}Threshold: .*\n\n/,
    )
    const { width, height } = await sharp(join(folder, 'heat.png')).metadata()
    expect([width, height]).to.deep.equal([451, 300])
  })

  it('--rotations, upright and askew', async () => {
    const piece = sharp(photo('camera')).extract({ left: 220, top: 80, width: 80, height: 90 })
    await piece.clone().rotate(270).toFile(join(folder, 'turned.png'))
    const upright = find(photo('camera'), 'turned.png', '-o', 'heat.png', '-s', '1', '-r', '0,90,180')
    expect(upright.code).to.equal(0)
    expect(upright.rows[0]).to.include({ turn: 90, width: 80, height: 90, x: 220, y: 80, isHere: true })
    const { data, info } = await piece
      .clone()
      .rotate(-20, { background: '#888' })
      .raw()
      .toBuffer({ resolveWithObject: true })
    const middle = { left: (info.width - 60) >> 1, top: (info.height - 68) >> 1, width: 60, height: 68 }
    await sharp(data, { raw: info }).extract(middle).png().toFile(join(folder, 'askew.png'))
    const askew = find(photo('camera'), 'askew.png', '-o', 'heat.png', '-s', '1', '--rotations=-40:40:20')
    expect(askew.code).to.equal(0)
    expect(askew.rows[0]).to.include({ turn: 20, isHere: true })
    expect(askew.rows[0]!.x + askew.rows[0]!.width / 2).to.be.closeTo(260, 2)
    expect(askew.rows[0]!.y + askew.rows[0]!.height / 2).to.be.closeTo(125, 2)
  })

  it('--threshold and --count', async () => {
    await spoil('crop.png', crops[0]!, 3)
    const words = [photo('chelsea'), 'crop.png', '-o', 'heat.png', '--scales', '1.25']
    const strict = find(...words, '--threshold', '0.999')
    expect(strict.code).to.equal(3)
    expect(strict.stdout).to.include('Threshold: 0.999 was given with --threshold.')
    const lax = find(...words, '--threshold', '0.1', '--count', '4')
    expect([lax.code, lax.rows.length]).to.deep.equal([0, 4])
    expect(lax.rows[0]!.x).to.be.closeTo(150, 2)
    for (const [index, { score }] of lax.rows.entries())
      expect(score).to.be.at.most(lax.rows[Math.max(index - 1, 0)]!.score)
  })

  it('a scene with few windows has a fixed threshold', async () => {
    await sharp(photo('chelsea'))
      .extract({ left: 150, top: 80, width: 110, height: 80 })
      .toFile(join(folder, 'a.png'))
    await sharp(photo('chelsea'))
      .extract({ left: 140, top: 75, width: 140, height: 95 })
      .toFile(join(folder, 'b.png'))
    const { code, rows, stdout } = find('b.png', 'a.png', '-o', 'heat.png', '-s', '1')
    expect(code).to.equal(0)
    expect(rows[0]).to.include({ x: 10, y: 5, score: 1 })
    expect(stdout).to.include('Threshold: 0.80 is fixed, for the scene has too few windows')
  })

  describe('refuses', () => {
    const see = '(see: simdconv find --help)'
    const usage: readonly (readonly [words: string, sentence: string])[] = [
      ['', 'no scene given'],
      ['a.png', 'no template given to find in a.png'],
      ['a.png b.png', '--output is missing'],
      ['a.png b.png -o c.gif', 'output c.gif must end with .png, .jpg, .jpeg, .webp, .tif, .tiff'],
      ['a.png b.png -o c.png --count 0', '--count must be an integer from 1 to 1000, got "0"'],
      ['a.png b.png -o c.png --threshold 2', '--threshold must be a number from -1 to 1, got "2"'],
      [
        'a.png b.png -o c.png --scales 1,x',
        '--scales must be numbers from 0.05 to 20, such as 0.5,1,2 or 0.5:2:0.25 (from, to, step), got "1,x"',
      ],
      [
        'a.png b.png -o c.png --scales 2:1:0.5',
        '--scales must go from:to:step upwards, such as 0.5:2:0.25, got "2:1:0.5"',
      ],
      [
        'a.png b.png -o c.png --scales 1:2',
        '--scales must go from:to:step upwards, such as 0.5:2:0.25, got "1:2"',
      ],
      ['a.png b.png -o c.png -r 0:360:1', '--rotations must be at most 100 numbers, got 361 ("0:360:1")'],
      ['a.png b.png -o c.png --scale 1', 'unknown option "--scale"; did you mean "--scales"?'],
    ]
    for (const [words, sentence] of usage)
      it(`"${words}"`, () => expectFailure(words, 2, `${sentence} ${see}`))

    it('what is missing, too large, or of one colour', async () => {
      await sharp(photo('chelsea'))
        .extract({ left: 0, top: 0, width: 40, height: 30 })
        .toFile(join(folder, 'small.png'))
      const create = { width: 9, height: 9, channels: 3 as const, background: '#345' }
      await sharp({ create }).png().toFile(join(folder, 'flat.png'))
      expectFailure('no.png small.png -o out.png', 1, 'cannot read no.png: no such file or directory')
      expectFailure('small.png no.png -o out.png', 1, 'cannot read no.png: no such file or directory')
      expectFailure(
        'small.png flat.png -o out.png',
        1,
        'flat.png has one colour only: there is nothing to recognise it by',
      )
      expectFailure(
        'flat.png small.png -o out.png',
        1,
        'small.png (40 x 30) fits into flat.png (9 x 9) in none of the sizes; give smaller --scales, of at least 4 pixels',
      )
    })
  })
})
