/**
 * Memory for results. That of large ones is recycled: when the garbage collector has found a result unused, a later one
 * gets its memory. Fresh memory has to be cleared and mapped page by page, which takes as long as filtering an image.
 */
import { isMainThread } from 'node:worker_threads'
import { transferOf } from './intrinsics.js'
import { native } from './native.js'

/** A huge page: making an external buffer costs more than the small pages of less. */
const least = 2 ** 21
/** What every Node.js takes as external memory. */
const most = 2 ** 30

/**
 * Memory for a result that will be written completely, or never be seen: recycled memory holds older results.
 *
 * Node-API takes memory back when its JavaScript thread ends, but a result may have moved to another thread by then. The
 * main thread outlives all others; results of worker threads are in ordinary memory. And Node.js marks what Node-API made
 * as untransferable: the result gets the same memory in another ArrayBuffer, without the mark.
 */
export function allocate(byteLength: number): ArrayBuffer {
  const recyclable = isMainThread && byteLength >= least && byteLength <= most
  return (recyclable && recycled(byteLength)) || new ArrayBuffer(byteLength)
}

/** Undefined when the limit does not allow it, or Node.js does not allow memory to move. */
function recycled(byteLength: number): ArrayBuffer | undefined {
  const buffer = native.takeMemory(byteLength)
  if (buffer === null) return undefined
  try {
    return transferOf === undefined ? moveThroughStream(buffer) : transferOf(buffer)
  } catch {
    return undefined
  }
}

/** A byte stream takes the buffer of a reader away, and shows its source the memory in a new one. */
function moveThroughStream(buffer: ArrayBuffer): ArrayBuffer {
  let source: ReadableByteStreamController | undefined
  const stream = new ReadableStream({ type: 'bytes', start: (controller) => void (source = controller) })
  void stream.getReader({ mode: 'byob' }).read(new Uint8Array(buffer))
  return source!.byobRequest!.view!.buffer as ArrayBuffer
}
