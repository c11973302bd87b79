// Runs the native tests of the last build, and checks that the kernel files of each instruction set keep to
// themselves: a symbol that two of them could share may be linked in its AVX-512 form into code for an old CPU.
import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'

const build = process.argv[2] ?? 'build'

function findFiles(directory, matches) {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && matches(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
}

function checkKernelObjects() {
  if (process.platform === 'win32') return { passed: 0, failed: 0 }
  const names = new Set(['scalar.cc.o', 'avx2.cc.o', 'avx512.cc.o', 'neon.cc.o'])
  const objects = findFiles(build, (name) => names.has(name))
  let failed = 0
  for (const object of objects) {
    const isa = basename(object, '.cc.o')
    const defined = execFileSync('nm', ['-C', '--extern-only', '--defined-only', object], {
      encoding: 'utf8',
    })
      .trim()
      .split('\n')
      .map((line) => line.replace(/^\S*\s+\S\s+/, ''))
    const shared = defined.filter((symbol) => symbol !== `simdconv::${isa}::kKernels`)
    if (shared.length > 0) {
      failed++
      console.log(`FAIL ${isa} kernels define more than their table: ${shared.join(', ')}`)
    } else {
      console.log(`ok   ${isa} kernels define their table alone`)
    }
  }
  return { passed: objects.length - failed, failed: objects.length === 0 ? 1 : failed }
}

const [tests] = findFiles(build, (name) => /^simdconv_native_tests(\.exe)?$/.test(name))
if (!tests) {
  console.error(`There are no native tests in ${build}. Build them with: npm run build`)
  process.exit(1)
}
const objects = checkKernelObjects()
const run = spawnSync(tests, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
const counts = /(\d+) passed, (\d+) failed\s*$/.exec(run.stdout ?? '')
console.log((run.stdout ?? '').replace(/\d+ passed, \d+ failed\s*$/, '').trimEnd())
if (!counts) {
  console.log(`FAIL the native tests did not end: ${run.signal ?? `exit code ${run.status}`}`)
}
const passed = objects.passed + Number(counts?.[1] ?? 0)
const failed = objects.failed + Number(counts?.[2] ?? 1)
console.log(`native: ${passed} passed, ${failed} failed`)
process.exit(failed === 0 && run.status === 0 ? 0 : 1)
