// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.handover;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.FileStatus;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Memfd;
import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.testing.Property;
import io.vfio4j.vfiouser.wire.Structs.DmaMap;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** Mappings are compared by what they cover: the oracle looks at every page. */
class PreflightTest {

  private static final int PAGE = 4096;
  private static final int PAGES = 12;
  private static final int READ_WRITE = DmaMap.READ | DmaMap.WRITE;

  private static VmmSetup setup(List<VmmMapping> mappings, BitSet... vectors) {
    return new VmmSetup(mappings, List.of(vectors), List.of());
  }

  private static VmmMapping map(long iova, long pages, int flags) {
    return new VmmMapping(new IovaRange(iova, pages * PAGE), flags, 0, Optional.empty());
  }

  private static FileStatus file() throws LinuxException {
    try (Fd file = Memfd.create("memory", PAGE)) {
      return FileStatus.of(file);
    }
  }

  /** Draws mappings that do not overlap, of one file or another at drawn offsets, or of none. */
  private static List<VmmMapping> draw(RandomGenerator random, long base, List<FileStatus> files) {
    List<VmmMapping> mappings = new ArrayList<>();
    for (int page = random.nextInt(3); page < PAGES;) {
      int pages = Math.min(PAGES - page, 1 + random.nextInt(4));
      long iova = base + (long) page * PAGE;
      int file = random.nextInt(8);
      // Mostly the offset that a machine's memory has, so that equal memory is drawn often.
      long offset = random.nextInt(8) == 0 ? 0 : (long) page * PAGE;
      mappings.add(new VmmMapping(new IovaRange(iova, (long) pages * PAGE),
          random.nextInt(6) == 0 ? DmaMap.READ : READ_WRITE, offset,
          file == 0 ? Optional.empty() : Optional.of(files.get(file == 1 ? 1 : 0))));
      page += pages + (random.nextInt(5) == 0 ? 1 : 0);
    }
    return mappings;
  }

  private static Optional<VmmMapping> at(List<VmmMapping> mappings, long iova) {
    return mappings.stream().filter(mapping -> mapping.range().contains(iova, PAGE)).findFirst();
  }

  private static boolean isCovered(VmmMapping owner, List<VmmMapping> candidates, long iova) {
    return at(candidates, iova).filter(candidate -> (owner.flags() & ~candidate.flags()) == 0)
        .filter(candidate -> owner.file().isEmpty() || candidate.file().isEmpty()
            || (owner.file().get().inode() == candidate.file().get().inode()
                && owner.offset() - owner.range().iova() == candidate.offset() - candidate.range().iova()))
        .isPresent();
  }

  @Test
  void findsWhatAPageByPageComparisonFinds() throws Exception {
    // The last address is part of the space.
    List<Long> bases = List.of(0L, 0x10_0000L, -(long) PAGES * PAGE);
    try (Fd one = Memfd.create("one", PAGE); Fd two = Memfd.create("two", PAGE)) {
      List<FileStatus> files = List.of(FileStatus.of(one), FileStatus.of(two));
      int[] outcomes = new int[2];
      Property.holdsFor(3000, random -> {
        long base = bases.get(random.nextInt(bases.size()));
        List<VmmMapping> owner = draw(random, base, files);
        List<VmmMapping> candidate = random.nextInt(3) == 0 ? owner : draw(random, base, files);
        boolean isCovered = true;
        for (int page = 0; page < PAGES; page++) {
          long iova = base + (long) page * PAGE;
          isCovered &= at(owner, iova).map(mapping -> isCovered(mapping, candidate, iova)).orElse(true);
        }
        assertThat(Preflight.findings(setup(owner), setup(candidate)).isEmpty()).isEqualTo(isCovered);
        outcomes[isCovered ? 1 : 0]++;
      });
      assertThat(outcomes[0]).isGreaterThan(300);
      assertThat(outcomes[1]).isGreaterThan(300);
    }
  }

  @Test
  void namesTheRangesThatAreMissing() {
    VmmSetup owner = setup(List.of(map(0, 4, READ_WRITE), map(0x10000, 2, DmaMap.READ)));
    VmmSetup candidate = setup(List.of(map(0, 1, READ_WRITE), map(0x2000, 1, DmaMap.READ)));
    assertThat(Preflight.findings(owner, candidate)).containsExactly(
        "0x1000+0x1000 is not mapped",
        "0x2000+0x1000 is not mapped for writing",
        "0x3000+0x1000 is not mapped",
        "0x10000+0x2000 is not mapped");
  }

  @Test
  void boundsTheList() {
    List<VmmMapping> many = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      many.add(map(2L * i * PAGE, 1, READ_WRITE));
    }
    assertThat(Preflight.findings(setup(many), setup(List.of()))).hasSize(9).last().isEqualTo("and 92 more");
  }

  @Test
  void findsOtherMemory() throws Exception {
    VmmMapping owner = new VmmMapping(new IovaRange(0, PAGE), READ_WRITE, 0, Optional.of(file()));
    VmmMapping other = new VmmMapping(new IovaRange(0, PAGE), READ_WRITE, 0, Optional.of(file()));
    assertThat(Preflight.findings(setup(List.of(owner)), setup(List.of(other))))
        .containsExactly("0x0+0x1000 is other memory than the owner's");
  }

  @Test
  void findsInterruptsThatAreMissing() {
    BitSet none = new BitSet();
    BitSet two = BitSet.valueOf(new long[] {0b101});
    BitSet one = BitSet.valueOf(new long[] {0b001});
    assertThat(Preflight.findings(setup(List.of(), one, none, two), setup(List.of(), one, two, one)))
        .containsExactly("MSI-X {2} is not enabled");
    assertThat(
        Preflight.findings(setup(List.of(), none), new VmmSetup(List.of(), List.of(one), List.of("0/0"))))
        .containsExactly("the descriptor of interrupt 0/0 is not an eventfd");
  }
}
