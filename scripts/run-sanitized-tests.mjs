// Builds native/ with the address and undefined-behaviour sanitizers of GCC or Clang, kernels included, and runs the
// native tests; those whose name contains the argument, if there is one. Guard pages stop what leaves a test's own
// buffers; the sanitizers see what leaves packed weights and scratch, leaks, and arithmetic without a defined result.
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

const build = 'build-sanitize'
const tests = 'simdconv_native_tests'

function mustRun(command, ...args) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' })
  if (error) console.error(error.message)
  if (status !== 0) process.exit(status ?? 1)
}

mustRun('cmake', '-S', '.', '-B', build, '-DSIMDCONV_SANITIZE=ON')
mustRun('cmake', '--build', build, '--parallel', `${availableParallelism()}`, '--target', tests)
mustRun(`${build}/${tests}`, ...process.argv.slice(2))
