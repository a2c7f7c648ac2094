// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.preflight;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.engine.Comparison;
import io.vfio4j.engine.memory.BackingStore;
import io.vfio4j.engine.memory.FileIdentity;
import io.vfio4j.engine.memory.MemoryRegion;
import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.engine.stream.HelloRegion;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The rules for regions of memory, their description to the other side, and the comparison of both sides. */
class MemoryRegionsTest {

  private static final long GIB = 1L << 30;
  private static final HelloRegion RAM = new HelloRegion("ram", GIB, GIB);

  private static MemoryRegion region(String name, long iova, long size) {
    return new MemoryRegion(name, iova, memory(size));
  }

  private static MemorySegment memory(long size) {
    return Arena.ofAuto().allocate(size, 4096);
  }

  private static void assertRefused(String message, String name, long iova, MemorySegment memory) {
    assertThatThrownBy(() -> new MemoryRegion(name, iova, memory))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @Test
  void rejectsInvalidRegions() {
    assertThat(region("a.b-C_9", -8192, 8192).pages()).isEqualTo(2);
    for (String name : List.of("", "a b", "a/b", "\u00e4", "x".repeat(65), "a\n")) {
      assertRefused("a region name has 1 to 64", name, 0, memory(4096));
    }
    assertRefused("not whole pages", "ram", 100, memory(4096));
    assertRefused("not whole pages", "ram", 0, memory(4097));
    assertRefused("not whole pages", "ram", 0, MemorySegment.NULL);
    assertRefused("extends beyond the last address", "ram", -4096, memory(8192));
    assertRefused("not native, writable memory", "ram", 0, MemorySegment.ofArray(new byte[4096]));
    assertRefused("not native, writable memory", "ram", 0, memory(4096).asReadOnly());
  }

  @Test
  void rejectsConflictingRegions() {
    MemoryRegion first = region("a", 0x10000, 8192);
    assertThat(MemoryRegions.of(first, region("b", 0x12000, 4096)).size()).isEqualTo(12288);
    assertThatThrownBy(() -> MemoryRegions.of(first, region("a", 0, 4096)))
        .hasMessage("there are two regions a");
    assertThatThrownBy(() -> MemoryRegions.of(first, region("b", 0, 4096), region("c", 0x11000, 4096)))
        .hasMessage("regions a and c overlap");
    List<MemoryRegion> many =
        IntStream.rangeClosed(0, 64).mapToObj(i -> region("r" + i, i * 4096L, 4096)).toList();
    assertThatThrownBy(() -> new MemoryRegions(many)).hasMessage("65 regions of memory, but 64 at most");
    assertThat(new MemoryRegions(many.subList(0, 64)).count()).isEqualTo(64);
  }

  private static List<String> refusals(List<HelloRegion> source, List<HelloRegion> target) {
    return new Comparison(List.of(), List.of(), RegionMatcher.compare(source, target)).objections();
  }

  @Test
  void reportsDifferences() {
    HelloRegion rom = new HelloRegion("rom", 0, 1 << 20);
    assertThat(refusals(List.of(RAM, rom), List.of(rom, RAM))).isEmpty();
    assertThat(refusals(List.of(RAM, rom), List.of(new HelloRegion("ram", GIB, 2 * GIB)))).containsExactly(
        "the memory differs: the source's region ram is 1.0 GiB at 0x40000000, the target's is 2.0 GiB at 0x40000000",
        "the memory differs: the source's region rom is 1.0 MiB at 0x0, the target has none of that name");
    assertThat(refusals(List.of(RAM), List.of(rom, new HelloRegion("ram", GIB, GIB + 4096)))).containsExactly(
        "the memory differs: the source's region ram is 1073741824 bytes at 0x40000000, the target's is 1073745920 bytes at 0x40000000",
        "the memory differs: the target's region rom is 1.0 MiB at 0x0, the source has none of that name");
  }

  @Test
  void rejectsInsufficientSpace() {
    assertThat(refusals(List.of(RAM), List.of(regionWithSpace(GIB)))).isEmpty();
    assertThat(refusals(List.of(RAM), List.of(regionWithSpace(-1)))).as("unsigned").isEmpty();
    assertThat(refusals(List.of(RAM), List.of(regionWithSpace(GIB / 2))))
        .containsExactly("the target has room for 512.0 MiB of its region ram, which has 1.0 GiB");
    HelloRegion large = new HelloRegion("ram", GIB, 64 * GIB).withSpace(OptionalLong.of(64 * GIB - 4096));
    assertThat(refusals(List.of(large), List.of(large))).containsExactly(
        "the target has room for 68719472640 bytes of its region ram, which has 68719476736 bytes");
  }

  /** Loading would overwrite what the source's workload writes. */
  @Test
  void rejectsSameFileOnBothSides() {
    FileIdentity one = new FileIdentity(1, -2);
    FileIdentity two = new FileIdentity(1, 2);
    HelloRegion ram = regionOfFile("ram", 0, one);
    HelloRegion rom = regionOfFile("rom", GIB, two);
    assertThat(refusals(List.of(ram), List.of(ram)))
        .containsExactly("the source's region ram and the target's region ram are the same file: "
            + "give the target separate memory");
    assertThat(refusals(List.of(ram, rom),
        List.of(regionOfFile("ram", 0, two), regionOfFile("rom", GIB, new FileIdentity(3, 3)))))
        .as("swapped files").singleElement().asString()
        .contains("source's region rom", "target's region ram");
    assertThat(refusals(List.of(ram), List.of(regionOfFile("ram", 0, two)))).isEmpty();
    assertThat(refusals(List.of(RAM), List.of(RAM))).as("unknown").isEmpty();
  }

  @Test
  void rejectsTargetRegionsSharingFile() {
    FileIdentity one = new FileIdentity(1, 1);
    FileIdentity two = new FileIdentity(2, 2);
    FileIdentity three = new FileIdentity(3, 3);
    List<HelloRegion> target = List.of(regionOfFile("a", 0, three), regionOfFile("b", GIB, three));
    assertThat(refusals(List.of(regionOfFile("a", 0, one), regionOfFile("b", GIB, two)), target)).hasSize(2)
        .first()
        .asString()
        .isEqualTo("the target's regions a and b are the same file: give each a separate file");
    assertThat(refusals(List.of(regionOfFile("a", 0, one), regionOfFile("b", GIB, one)), target)).isEmpty();
  }

  private static HelloRegion regionOfFile(String name, long iova, FileIdentity file) {
    return new HelloRegion(name, iova, GIB).withFile(Optional.of(file));
  }

  private static HelloRegion regionWithSpace(long bytes) {
    return RAM.withSpace(OptionalLong.of(bytes));
  }

  /** The space that one region still needs is not available to the next one on the same file system. */
  @Test
  void dividesSpaceOfFileSystemAmongRegions() {
    MemoryRegions memory = MemoryRegions.of(stored("a", 0, "tmp", 0x1000, 0x8000),
        stored("b", 0x10000, "tmp", 0x10000, 0x8000), stored("c", 0x20000, "tmp", 0, 0x8000),
        stored("d", 0x30000, "other", 0, 0), region("e", 0x40000, 0x4000));

    assertThat(HelloRegions.ofTarget(memory)).extracting(HelloRegion::space).containsExactly(
        OptionalLong.of(0x9000), // 0x1000 allocated, and 0x8000 free, of which it needs 0x3000.
        OptionalLong.of(0x9000), // All allocated.
        OptionalLong.of(0x5000), // The rest.
        OptionalLong.of(0), OptionalLong.empty());
    assertThat(HelloRegions.ofFile(memory)).allMatch(region -> region.space().isEmpty());
  }

  private static MemoryRegion stored(String name, long iova, String fileSystem, long allocated, long free) {
    return new MemoryRegion(name, iova, Arena.ofAuto().allocate(0x4000, 4096),
        () -> Optional.of(new BackingStore.Space(fileSystem, allocated, free)));
  }

  @Test
  void rejectsNegativeSpace() {
    assertThatThrownBy(() -> new BackingStore.Space("tmp", 0, -1))
        .isInstanceOf(IllegalArgumentException.class).hasMessage("0 bytes allocated, -1 free");
  }

  @Test
  void ordersTargetRegionsLikeSource() {
    MemoryRegion a = region("a", 0, 4096);
    MemoryRegion b = region("b", 4096, 4096);
    MemoryRegions ordered =
        RegionMatcher.inSourceOrder(HelloRegions.ofFile(MemoryRegions.of(b, a)), MemoryRegions.of(a, b));
    assertThat(ordered.list()).containsExactly(b, a);
  }
}
