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

  it('the code of docs/waldo.md prints what its comments say', () => {
    const text = readFileSync(join(root, 'docs/waldo.md'), 'utf8')
    const code = /```js\n([^]*?)```/.exec(text)![1]!
    const words = ['--input-type=module', '-e', code]
    const { stdout, stderr } = spawnSync(process.execPath, words, { cwd: root, encoding: 'utf8' })
    expect(stderr).to.equal('')
    const comments = Array.from(code.matchAll(/ \/\/ (.*)$/gm), ([, comment]) => comment)
    expect(stdout.trim().split('\n')).to.deep.equal(comments)
  })

  it('server.mjs answers its own requests and stops', () => {
    const [address, served, refused] = run('server.mjs', '--self-test').split('\n')
    expect(address).to.match(/^http:\/\/localhost:\d+$/)
    expect(served).to.match(/^8 photos of 451 x 300 in \d+ ms$/)
    expect(refused).to.equal('415 that is not an image')
  })
})
