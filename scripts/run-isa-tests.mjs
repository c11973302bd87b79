// Runs the numeric tests once for each instruction set of this machine that the plain test run does not choose, all
// at the same time; what they print comes one after the other.
import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'

const require = createRequire(import.meta.url)
const { info } = require('simdconv')
const mocha = require.resolve('mocha/bin/mocha.js')
const run = promisify(execFile)

/** Whether the numeric tests pass on an instruction set, and what they print. */
async function test(isa) {
  const args = ['--no-config', '--require', 'tsx/cjs', '--timeout', '60000', '--reporter', 'dot']
  try {
    const { stdout, stderr } = await run(
      process.execPath,
      [mocha, ...args, 'test/unit/numeric/**/*.test.ts'],
      {
        env: { ...process.env, SIMDCONV_ISA: isa },
        maxBuffer: 1 << 28,
      },
    )
    return { passed: true, printed: stdout + stderr }
  } catch ({ message, stdout = '', stderr = '' }) {
    return { passed: false, printed: `${stdout}${stderr}\n${message}` }
  }
}

let failed = false
const runs = info()
  .isas.slice(1)
  .map((isa) => ({ isa, result: test(isa) }))
for (const { isa, result } of runs) {
  const { passed, printed } = await result
  console.log(`\nnumeric tests, SIMDCONV_ISA=${isa}\n${printed}`)
  failed ||= !passed
}
process.exit(failed ? 1 : 0)
