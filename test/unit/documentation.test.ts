/** The code in docs/ runs, and prints what the comments beside it say. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
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

  it('every picture of a page is there', () => {
    const missing = pages.flatMap((page) =>
      Array.from(readFileSync(join(docs, page), 'utf8').matchAll(/!\[.*?\]\((.*?)\)/g), ([, file]) => file!)
        .filter((file) => !readdirSync(docs).includes(file))
        .map((file) => `${page}: ${file}`),
    )
    expect(missing).to.deep.equal([])
  })
})
