/** The code in docs/ runs, and prints what the comments beside it say. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect } from 'chai'

const root = resolve(__dirname, '../..')
const docs = join(root, 'docs')

/**
 * A block goes on where the one before ended, unless it imports again what that had: then a new program begins. Blocks
 * before the first import are no programs.
 */
function programsOf(page: string): string[] {
  const programs: string[] = []
  let imported = new Set<string>()
  for (const [, block] of page.matchAll(/^```js\n(.*?)^```$/gms)) {
    const names = Array.from(block!.matchAll(/^import \{(.*?)\}/gm), ([, list]) =>
      list!.split(',').map((name) => name.trim()),
    ).flat()
    const begins = programs.length === 0 ? names.length > 0 : names.some((name) => imported.has(name))
    if (begins) imported = new Set()
    names.forEach((name) => imported.add(name))
    if (begins) programs.push(block!)
    else if (programs.length > 0) programs.push(`${programs.pop()!}\n${block!}`)
  }
  return programs
}

describe('documentation', () => {
  const pages = readdirSync(docs).filter((file) => file.endsWith('.md'))
  for (const page of pages) {
    for (const [index, program] of programsOf(readFileSync(join(docs, page), 'utf8')).entries()) {
      it(`docs/${page}: program ${index + 1} prints what it says`, () => {
        const promised = Array.from(
          program.matchAll(/^ *console\.log\(.*\) \/\/ (.*)$/gm),
          ([, value]) => value!,
        )
        expect(promised).to.not.be.empty
        expect(promised.length, 'a line without its result').to.equal(
          program.split('console.log(').length - 1,
        )
        const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
          cwd: root,
          encoding: 'utf8',
        })
        expect(stderr).to.equal('')
        expect(stdout.trim().split('\n')).to.deep.equal(promised)
      })
    }
  }

  it('what a page links to is there: pictures, pages, and their headings', () => {
    const broken = pages.flatMap((page) => {
      const text = readFileSync(join(docs, page), 'utf8')
      return Array.from(text.matchAll(/\]\((?!https?:)(.*?)\)/g), ([, link]) => link!)
        .filter((link) => !isThere(page, link))
        .map((link) => `${page}: ${link}`)
    })
    expect(broken).to.deep.equal([])
  })

  it('docs/README.md leads to every page, and says how every picture is made', () => {
    const text = readFileSync(join(docs, 'README.md'), 'utf8')
    const others = readdirSync(docs).filter((file) => /\.(md|png|svg)$/.test(file) && file !== 'README.md')
    expect(others.filter((file) => !text.includes(file))).to.deep.equal([])
  })
})

/** Whether a link of a page leads to a file and, behind a #, to a heading of it as GitHub names them. */
function isThere(page: string, link: string): boolean {
  const [file, heading] = link.split('#')
  const path = file === '' ? join(docs, page) : join(docs, file!)
  if (!existsSync(path)) return false
  if (heading === undefined) return true
  const anchors = Array.from(readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm), ([, title]) =>
    title!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
  return anchors.includes(heading)
}
