// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.dma;

import static io.vfio4j.model.dma.DirtyLog.PAGE_SIZE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class DirtyLogTest {

  private static final long MIB = 1 << 20;
  /** The size of a chunk of the log, and the largest number of chunks. */
  private static final long CHUNK = 256 * MIB;
  private static final int CHUNKS = 1 << 14;

  private final DirtyLog log = new DirtyLog();

  private static List<long[]> ranges(long... iovasAndLengths) {
    return IntStream.range(0, iovasAndLengths.length / 2)
        .mapToObj(i -> new long[] {iovasAndLengths[2 * i], iovasAndLengths[2 * i + 1]})
        .toList();
  }

  /** Returns ranges of one page each, with a gap of a page after each. */
  private static List<long[]> pagesWithHoles(int count) {
    return LongStream.range(0, count).mapToObj(i -> new long[] {2 * i * PAGE_SIZE, PAGE_SIZE}).toList();
  }

  private BitSet report(long iova, long length, long pageSize) throws ErrnoException {
    byte[] bitmap = new byte[(int) DmaLog.bitmapBytes(new IovaRange(iova, length), pageSize)];
    log.report(iova, length, pageSize, MemorySegment.ofArray(bitmap));
    return BitSet.valueOf(bitmap);
  }

  private static BitSet bits(int... numbers) {
    BitSet bits = new BitSet();
    IntStream.of(numbers).forEach(bits::set);
    return bits;
  }

  private static Errno errnoOf(ThrowingCallable call) {
    return catchThrowableOfType(ErrnoException.class, call).errno();
  }

  @Test
  void logsWholeAddressSpace() throws Exception {
    assertThat(log.startAll(2 * PAGE_SIZE)).isEqualTo(PAGE_SIZE);
    log.mark(0, 1);
    log.mark(Long.MIN_VALUE - PAGE_SIZE, 2 * PAGE_SIZE);
    log.mark(-1, 1);
    assertThat(report(0, PAGE_SIZE, PAGE_SIZE)).isEqualTo(bits(0));
    assertThat(report(Long.MIN_VALUE - 2 * PAGE_SIZE, 4 * PAGE_SIZE, PAGE_SIZE)).isEqualTo(bits(1, 2));
    assertThat(report(-2 * PAGE_SIZE, 2 * PAGE_SIZE, PAGE_SIZE)).isEqualTo(bits(1));
    assertThat(errnoOf(() -> log.startAll(PAGE_SIZE))).isEqualTo(Errno.EINVAL);
    log.stop();
    assertThat(errnoOf(() -> log.startAll(PAGE_SIZE + 1))).isEqualTo(Errno.EINVAL);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 512, 4096, 65536, 1 << 20})
  void logsIn4KiBPagesAlways(long pageSize) throws ErrnoException {
    assertThat(log.isStarted()).isFalse();
    assertThat(log.start(ranges(0, MIB), pageSize)).isEqualTo(4096);
    assertThat(log.isStarted()).isTrue();
  }

  static Stream<Arguments> invalidStarts() {
    return Stream.of(
        arguments("no range", ranges(), 4096, Errno.EINVAL),
        arguments("page size 0", ranges(0, MIB), 0, Errno.EINVAL),
        arguments("page size not a power of two", ranges(0, MIB), 4097, Errno.EINVAL),
        arguments("empty range", ranges(0x1000, 0), 4096, Errno.EINVAL),
        arguments("iova not aligned", ranges(0x800, 0x1000), 4096, Errno.EINVAL),
        arguments("length not aligned", ranges(0x1000, 0x1800), 4096, Errno.EINVAL),
        arguments("aligned to 4 KiB only", ranges(0x1000, 0x2000), 8192, Errno.EINVAL),
        arguments("the same twice", ranges(0, MIB, 0, MIB), 4096, Errno.EINVAL),
        arguments("overlap", ranges(0, 0x2000, 0x1000, 0x2000), 4096, Errno.EINVAL),
        arguments("overlap, not in order", ranges(0x1000, 0x2000, 0, 0x2000), 4096, Errno.EINVAL),
        arguments("one around all", ranges(0x3000, 0x1000, 0x8000, 0x1000, 0, MIB), 4096, Errno.EINVAL),
        arguments("overlap at the top", ranges(-0x2000, 0x2000, -0x1000, 0x1000), 4096, Errno.EINVAL),
        arguments("too many", pagesWithHoles(257), 4096, Errno.E2BIG),
        arguments("wraps around", ranges(-0x1000, 0x2000), 4096, Errno.EOVERFLOW),
        arguments("wraps around by much", ranges(0x2000, -0x1000), 4096, Errno.EOVERFLOW));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("invalidStarts")
  void refusesInvalidStart(String what, List<long[]> ranges, long pageSize, Errno errno) {
    assertThat(errnoOf(() -> log.start(ranges, pageSize))).as(what).isEqualTo(errno);
    assertThat(log.isStarted()).isFalse();
  }

  @Test
  void acceptsAPageFullOfRanges() throws ErrnoException {
    log.start(pagesWithHoles(256), 4096);
    log.mark(0, 512 * PAGE_SIZE);

    assertThat(report(0, 512 * PAGE_SIZE, 4096))
        .isEqualTo(bits(IntStream.range(0, 256).map(i -> 2 * i).toArray()));
  }

  @Test
  void acceptsAdjacentRanges() throws ErrnoException {
    log.start(ranges(0x3000, 0x1000, 0x1000, 0x2000), 4096);
    log.mark(0x2fff, 2);

    assertThat(report(0x1000, 0x3000, 4096)).isEqualTo(bits(1, 2));
  }

  @Test
  void refusesSecondStart() throws ErrnoException {
    log.start(ranges(0, MIB), 4096);
    log.mark(0x1000, 1);

    assertThat(errnoOf(() -> log.start(ranges(0, MIB), 4096))).isEqualTo(Errno.EINVAL);
    assertThat(report(0, MIB, 4096)).isEqualTo(bits(1));
  }

  @Test
  void refusesStopAndReportWithoutStart() throws ErrnoException {
    assertThat(errnoOf(log::stop)).isEqualTo(Errno.EINVAL);
    assertThat(errnoOf(() -> report(0, MIB, 4096))).isEqualTo(Errno.EINVAL);
    log.start(ranges(0, MIB), 4096);
    log.stop();
    assertThat(errnoOf(log::stop)).isEqualTo(Errno.EINVAL);
    assertThat(errnoOf(() -> report(0, MIB, 4096))).isEqualTo(Errno.EINVAL);
  }

  @Test
  void discardsLogOnStop() throws ErrnoException {
    log.start(ranges(0, MIB), 4096);
    log.mark(0, MIB);
    log.stop();
    log.mark(0, MIB);
    log.start(ranges(0, MIB), 4096);

    assertThat(report(0, MIB, 4096)).isEqualTo(bits());
  }

  @Test
  void clearsWhetherStartedOrNot() throws ErrnoException {
    log.clear();
    log.start(ranges(0, MIB), 4096);
    log.clear();

    assertThat(log.isStarted()).isFalse();
    assertThat(errnoOf(log::stop)).isEqualTo(Errno.EINVAL);
  }

  @Test
  void refusesInvalidReport() throws ErrnoException {
    log.start(ranges(0, MIB), 4096);
    log.mark(0, 1);
    MemorySegment bitmap = MemorySegment.ofArray(new byte[32]);

    assertThat(errnoOf(() -> log.report(0, MIB, 0, bitmap))).isEqualTo(Errno.EINVAL);
    assertThat(errnoOf(() -> log.report(0, MIB, 2048, bitmap))).isEqualTo(Errno.EINVAL);
    assertThat(errnoOf(() -> log.report(0, MIB, 4097, bitmap))).isEqualTo(Errno.EINVAL);
    assertThat(errnoOf(() -> log.report(0, 0, 4096, bitmap))).isEqualTo(Errno.EINVAL);
    assertThat(errnoOf(() -> log.report(-0x1000, 0x1001, 4096, bitmap))).isEqualTo(Errno.EOVERFLOW);
    assertThat(errnoOf(() -> log.report(0, MIB, 4096, bitmap.asSlice(0, 31)))).isEqualTo(Errno.EINVAL);
    assertThat(bitmap.mismatch(MemorySegment.ofArray(new byte[32]))).isEqualTo(-1);
    assertThat(report(0, MIB, 4096)).isEqualTo(bits(0));
  }

  @Test
  void clearsReportedPages() throws ErrnoException {
    log.start(ranges(0, MIB), 4096);
    log.mark(0x1000, 0x1000);
    log.mark(0x8000, 1);

    assertThat(report(0, 0x4000, 4096)).isEqualTo(bits(1));
    assertThat(report(0, 0x4000, 4096)).isEqualTo(bits());
    assertThat(report(0x4000, 0x8000, 4096)).isEqualTo(bits(4));
  }

  @Test
  void keepsBitsAlreadySet() throws ErrnoException {
    log.start(ranges(0, MIB), 4096);
    log.mark(0x1000, 1);
    byte[] bitmap = {(byte) 0x80, 0, 0, 0, 0, 0, 0, 1};

    log.report(0, 0x40000, 4096, MemorySegment.ofArray(bitmap));

    assertThat(BitSet.valueOf(bitmap)).isEqualTo(bits(1, 7, 56));
  }

  @Test
  void ignoresWritesOutsideRanges() throws ErrnoException {
    log.mark(0x1000, 1);
    log.start(ranges(0x1000, 0x1000, 0x3000, 0x1000), 4096);
    log.mark(0, 0x1000);
    log.mark(0x2000, 0x1000);
    log.mark(0x4000, MIB);

    assertThat(report(0, MIB, 4096)).isEqualTo(bits());
  }

  @Test
  void ignoresEmptyAndWrappingWrites() throws ErrnoException {
    log.start(ranges(0, MIB, -MIB, MIB), 4096);
    log.mark(0x1000, 0);
    log.mark(-1, 2);

    assertThat(report(0, MIB, 4096)).isEqualTo(bits());
    assertThat(report(-MIB, MIB, 4096)).isEqualTo(bits());
  }

  @Test
  void logsLastByteOfAddressSpace() throws ErrnoException {
    log.start(ranges(-MIB, MIB), 4096);
    log.mark(-1, 1);

    assertThat(report(-MIB, MIB, 4096)).isEqualTo(bits(255));
  }

  @Test
  void setsBothBitsOfSharedPage() throws ErrnoException {
    log.start(ranges(0, MIB), 4096);
    log.mark(0x2000, 0x1000);

    assertThat(report(0x800, 0x4000, 4096)).isEqualTo(bits(1, 2));
  }

  @Test
  void keepsPartiallyCoveredPageDirty() throws ErrnoException {
    log.start(ranges(0, MIB), 4096);
    log.mark(0, 0x3000);

    assertThat(report(0x800, 0x2000, 4096)).isEqualTo(bits(0, 1));
    assertThat(report(0, MIB, 4096)).isEqualTo(bits(0, 2));
  }

  /** The bit of the last page shares a word of the bitmap with others. */
  @Test
  void staysWithinBitmapOfUnalignedRange() throws ErrnoException {
    log.start(ranges(0, MIB), 4096);
    log.mark(64 * PAGE_SIZE, 1);

    assertThat(report(0x800, 64 * PAGE_SIZE, 4096)).isEqualTo(bits(63));
  }

  @Test
  @Timeout(10)
  void reportsHugeRangeInHugePages() throws ErrnoException {
    log.start(ranges(0, -PAGE_SIZE), 4096);
    log.mark(0x1000, 1);
    log.mark(3L << 62, 1);

    assertThat(report(0, -1, 1L << 62)).isEqualTo(bits(0, 3));
    assertThat(report(0, -1, 1L << 63)).isEqualTo(bits());
    log.mark(1L << 63, 1);
    assertThat(report(0, -1, 1L << 63)).isEqualTo(bits(1));
  }

  @Test
  @Timeout(10)
  void reportsOverflowUntilNextStart() throws ErrnoException {
    log.start(ranges(0, 1L << 62), 4096);
    for (long chunk = 0; chunk < CHUNKS; chunk++) {
      log.mark(chunk * CHUNK, 1);
    }
    assertThat(report(0, CHUNKS * CHUNK, CHUNK).cardinality()).isEqualTo(CHUNKS);

    log.mark(CHUNKS * CHUNK, 1);

    assertThat(errnoOf(() -> report(0, MIB, 4096))).isEqualTo(Errno.ENOSPC);
    assertThat(errnoOf(() -> report(0, MIB, 4096))).isEqualTo(Errno.ENOSPC);
    log.stop();
    log.start(ranges(0, MIB), 4096);
    log.mark(0x1000, 1);
    assertThat(report(0, MIB, 4096)).isEqualTo(bits(1));
  }

  @Test
  @Timeout(10)
  void terminatesForWriteOverHugeRange() throws ErrnoException {
    log.start(ranges(0, -PAGE_SIZE), 4096);
    log.mark(0, -PAGE_SIZE);

    assertThat(errnoOf(() -> report(0, MIB, 4096))).isEqualTo(Errno.ENOSPC);
  }
}
