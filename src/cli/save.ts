import { randomBytes } from 'node:crypto'
import { realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Failure, fileReason } from './failure.js'

/**
 * Writes a file whole or not at all: the bytes go to a temporary file beside it, which then takes its name.
 * A link to a file is followed, one that leads nowhere is replaced; a device or a directory never is.
 */
export async function save(path: string, bytes: Uint8Array): Promise<void> {
  try {
    const target = await replaceable(path)
    const temporary = join(dirname(target), `.${randomBytes(6).toString('hex')}.part`)
    try {
      await writeFile(temporary, bytes, { flag: 'wx' })
      await rename(temporary, target)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
  } catch (error) {
    throw new Failure(`cannot write ${path}: ${fileReason(error)}`)
  }
}

/** The file that a path leads to, or the path itself when nothing is there. */
async function replaceable(path: string): Promise<string> {
  const existing = await stat(path).catch(() => null)
  if (!existing) return path
  if (existing.isDirectory()) throw new Error('it is a directory')
  if (!existing.isFile()) throw new Error('it is not a regular file')
  return realpath(path)
}
