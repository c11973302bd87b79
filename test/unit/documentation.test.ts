/** The code in docs/ runs, and prints what the comments beside it say. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect } from 'chai'

const root = resolve(__dirname, '../..')

/** All blocks of one page as one program, for each goes on where the one before ended. */
function program(page: string): string {
  const text = readFileSync(join(root, 'docs', page), 'utf8')
  return Array.from(text.matchAll(/^```js\n(.*?)^```$/gms), ([, code]) => code!).join('\n')
}

for (const page of ['from-dense-to-convolution.md']) {
  it(`docs/${page} prints what it says`, () => {
    const code = program(page)
    const promised = Array.from(code.matchAll(/^ *console\.log\(.*\) \/\/ (.*)$/gm), ([, value]) => value!)
    expect(promised.length).to.be.greaterThan(0)
    expect(promised.length, 'a line without its result').to.equal(code.split('console.log(').length - 1)
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      cwd: root,
      encoding: 'utf8',
    })
    expect(stderr).to.equal('')
    expect(stdout.trim().split('\n')).to.deep.equal(promised)
  })
}
