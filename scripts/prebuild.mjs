// Copies the addon of the last build to where the published package carries it: prebuilds/<platform>-<arch>[-musl]/.
// A release collects these folders from one machine of each kind.
import { copyFileSync, mkdirSync } from 'node:fs'

const { header } = process.report.getReport()
const isMusl = process.platform === 'linux' && header.glibcVersionRuntime === undefined
const directory = `prebuilds/${process.platform}-${process.arch}${isMusl ? '-musl' : ''}`
mkdirSync(directory, { recursive: true })
copyFileSync('build/Release/simdconv.node', `${directory}/simdconv.node`)
console.error(`prebuilt ${directory}/simdconv.node`)
