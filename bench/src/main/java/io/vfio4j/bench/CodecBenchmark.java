// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import com.sun.management.ThreadMXBean;
import io.vfio4j.engine.codec.Codec;
import io.vfio4j.engine.codec.Compressor;
import io.vfio4j.engine.codec.Decompressor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.zip.DataFormatException;

/** Compresses and decompresses some content with a codec at one level, payload by payload, on one thread. */
final class CodecBenchmark implements AutoCloseable {

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final double MIB = 1 << 20;

  private final String content;
  private final MemorySegment memory;
  private final int level;
  private final int frame;
  private final Compressor compressor;
  private final Decompressor decompressor;
  private final ByteBuffer payload;
  private final ByteBuffer packed;
  private final ByteBuffer unpacked;
  private final Samples ratio = new Samples();
  private final Samples compressing = new Samples();
  private final Samples decompressing = new Samples();
  private final Samples allocated = new Samples();

  /**
   * Creates the benchmark.
   *
   * @param content the name of the content, for the table
   * @param frame size of a payload, bytes
   */
  CodecBenchmark(String content, MemorySegment memory, Codec codec, int level, int frame) {
    this.content = content;
    this.memory = memory;
    this.level = level;
    this.frame = frame;
    this.compressor = codec.newCompressor(level);
    this.decompressor = codec.newDecompressor();
    this.payload = ByteBuffer.allocateDirect(frame);
    this.packed = ByteBuffer.allocateDirect(codec.bound(frame));
    this.unpacked = ByteBuffer.allocateDirect(frame);
  }

  void run() throws IOException {
    long bytes = 0;
    long bytesPacked = 0;
    long compressNanos = 0;
    long decompressNanos = 0;
    long heap = 0;
    for (long at = 0; at + frame <= memory.byteSize(); at += frame) {
      MemorySegment.ofBuffer(payload).copyFrom(memory.asSlice(at, frame));
      long heapBefore = THREADS.getCurrentThreadAllocatedBytes();
      long began = THREADS.getCurrentThreadCpuTime();
      int length = compressor.compress(payload, frame, packed);
      long then = THREADS.getCurrentThreadCpuTime();
      decompress(length);
      decompressNanos += THREADS.getCurrentThreadCpuTime() - then;
      compressNanos += then - began;
      heap += THREADS.getCurrentThreadAllocatedBytes() - heapBefore;
      check();
      bytes += frame;
      bytesPacked += length;
    }
    ratio.add((double) bytes / bytesPacked);
    compressing.add(bytes / MIB / (compressNanos / 1e9));
    decompressing.add(bytes / MIB / (decompressNanos / 1e9));
    allocated.add((double) heap * frame / bytes);
  }

  private void decompress(int length) throws IOException {
    try {
      decompressor.decompress(packed, length, unpacked);
    } catch (DataFormatException e) {
      throw new IOException(e);
    }
  }

  private void check() {
    if (!unpacked.equals(payload)) {
      throw new IllegalStateException("the decompressed content differs");
    }
  }

  List<String> row() {
    return List.of("%s, level %d".formatted(content, level), ratio.describe(2), compressing.describe(0),
        decompressing.describe(0), allocated.describe(0));
  }

  void clear() {
    List.of(ratio, compressing, decompressing, allocated).forEach(Samples::clear);
  }

  @Override
  public void close() {
    compressor.close();
    decompressor.close();
  }
}
