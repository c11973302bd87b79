// Runs the native tests on CPUs that this machine is not, under qemu-user: an x86-64 from before AVX, on which any
// AVX instruction is fatal, and a 64-bit ARM. Needs (Debian): qemu-user g++-aarch64-linux-gnu
// (AVX2 is not proven this way: qemu 7's masked loads touch the lanes that are masked out, and fault at guard pages.)
import { spawn } from 'node:child_process'

const cases = process.env.SIMDCONV_TEST_CASES ?? '150'

/** What a command prints, and how it ended. */
function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
    const result = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text) => (result.stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text) => (result.stderr += text))
    child.on('error', (error) => {
      if (error.code !== 'ENOENT') throw error
      console.error(
        `${command} is missing; on Debian: apt-get install qemu-user g++-aarch64-linux-gnu cmake g++ make`,
      )
      process.exit(1)
    })
    child.on('close', (status, signal) => resolve({ ...result, status, signal }))
  })
}

async function mustRun(command, args) {
  const result = await run(command, args)
  if (result.status === 0) return
  console.error(result.stdout + result.stderr)
  process.exit(1)
}

/** The native tests for a processor: of the ordinary build where it is this machine's. */
async function build(arch, processor) {
  if (process.arch === arch) {
    await mustRun('npm', ['run', '--silent', 'build:native'])
    return 'build/simdconv_native_tests'
  }
  const directory = `build-${processor}`
  const options = ['-DCMAKE_BUILD_TYPE=Release', ...crossOptions(processor)]
  await mustRun('cmake', ['-S', '.', '-B', directory, ...options])
  await mustRun('cmake', ['--build', directory, '--parallel', '2', '--target', 'simdconv_native_tests'])
  return `${directory}/simdconv_native_tests`
}

const hosts = [
  {
    name: 'x86-64 before AVX (Nehalem)',
    isas: 'scalar',
    emulator: ['qemu-x86_64', '-cpu', 'Nehalem'],
    program: () => build('x64', 'x86_64'),
  },
  {
    name: 'aarch64',
    isas: 'neon scalar',
    emulator: ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu'],
    program: () => build('arm64', 'aarch64'),
  },
]

function crossOptions(processor) {
  return [
    '-DCMAKE_SYSTEM_NAME=Linux',
    `-DCMAKE_SYSTEM_PROCESSOR=${processor}`,
    `-DCMAKE_CXX_COMPILER=${processor}-linux-gnu-g++`,
  ]
}

let passed = 0
let failed = 0
async function test(host) {
  const [emulator, ...options] = host.emulator
  const result = await run(emulator, [...options, await host.program()], {
    env: { ...process.env, SIMDCONV_TEST_CASES: cases },
  })
  const counts = /(\d+) passed, (\d+) failed\s*$/.exec(result.stdout)
  const isas = /instruction sets: (.*)/.exec(result.stdout)?.[1]
  const asExpected = isas === host.isas
  passed += Number(counts?.[1] ?? 0) + Number(asExpected)
  failed += Number(counts?.[2] ?? 1) + Number(!asExpected)
  console.log(
    `${host.name}: ${isas ?? 'nothing'}; ${counts?.[0].trim() ?? `stopped by ${result.signal ?? result.status}`}`,
  )
  if (!asExpected) console.log(`FAIL it should have chosen among: ${host.isas}`)
  if (counts?.[2] !== '0') console.log(result.stdout + result.stderr)
}

await Promise.all(hosts.map(test))
console.log(`emulated: ${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
