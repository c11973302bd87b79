/** The programs in docs/ run, and print what their comments say. */
import { expect } from 'chai'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(__dirname, '../..')
const printing = /^console\.log\(.*\) \/\/ (.*)$/gm

for (const page of ['convolution.md', 'audio-and-text.md']) {
  describe(`docs/${page}`, () => {
    const text = readFileSync(join(root, 'docs', page), 'utf8')
    const programs = [...text.matchAll(/^```js\n(.*?)^```$/gms)].map(([, program]) => program!)
    for (const [index, program] of programs.entries()) {
      it(`program ${index + 1} prints what it says`, () => {
        const run = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
          cwd: root,
          encoding: 'utf8',
        })
        expect(run.stderr).to.equal('')
        const expected = [...program.matchAll(printing)].map(([, words]) => words)
        expect(expected).to.not.be.empty
        expect(run.stdout.trim().split('\n')).to.deep.equal(expected)
      })
    }
    it('has programs', () => expect(programs).to.not.be.empty)
  })
}
