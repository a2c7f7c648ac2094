// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.memory;

import io.vfio4j.model.IovaRange;
import io.vfio4j.model.SanitizedText;
import io.vfio4j.model.dma.DirtyLog;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The rules for regions of memory, from the user or from a peer. A violation is a sentence. */
public final class RegionRules {

  /** Bytes of a page, the unit in which memory is logged and sent, whatever the page size of its mapping. */
  public static final long PAGE_SIZE = DirtyLog.PAGE_SIZE;

  public static final int PAGE_SHIFT = Long.numberOfTrailingZeros(PAGE_SIZE);

  /** The maximum number of regions. */
  public static final int MAX_REGIONS = 64;

  public static final int MAX_NAME = 64;

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1," + MAX_NAME + "}");

  /** What the rules apply to. */
  public interface NamedRange {

    String name();

    long iova();

    /** Returns the size in bytes. */
    long size();
  }

  private RegionRules() {
  }

  /** Returns why a region is invalid; empty if it is valid. */
  public static Optional<String> violation(NamedRange region) {
    return violation(region.name(), region.iova(), region.size());
  }

  /** Returns why a region with this name, address and size is invalid; empty if it is valid. */
  static Optional<String> violation(String name, long iova, long size) {
    if (!NAME.matcher(name).matches()) {
      return Optional
          .of("a region name has 1 to %d letters, digits, dots, hyphens and underscores, unlike '%s'"
              .formatted(MAX_NAME, SanitizedText.of(name)));
    }
    if (size <= 0 || !isPageMultiple(size) || !isPageMultiple(iova)) {
      return Optional.of("region %s has %d bytes at 0x%x, which are not whole pages of %d bytes"
          .formatted(name, size, iova, PAGE_SIZE));
    }
    return IovaRange.isValid(iova, size) ? Optional.empty()
        : Optional.of("region %s, 0x%x bytes at 0x%x, extends beyond the last address"
            .formatted(name, size, iova));
  }

  /** Returns why regions, each of which is valid, conflict with each other; empty if they do not. */
  public static Optional<String> violation(List<? extends NamedRange> regions) {
    if (regions.size() > MAX_REGIONS) {
      return Optional.of("%d regions of memory, but %d at most".formatted(regions.size(), MAX_REGIONS));
    }
    Set<String> names = new HashSet<>();
    for (NamedRange region : regions) {
      if (!names.add(region.name())) {
        return Optional.of("there are two regions " + region.name());
      }
    }
    return overlap(regions);
  }

  private static Optional<String> overlap(List<? extends NamedRange> regions) {
    List<NamedRange> sorted = new ArrayList<>(regions);
    sorted.sort((a, b) -> Long.compareUnsigned(a.iova(), b.iova()));
    for (int i = 1; i < sorted.size(); i++) {
      NamedRange before = sorted.get(i - 1);
      if (range(before).overlaps(range(sorted.get(i)))) {
        return Optional.of("regions %s and %s overlap".formatted(before.name(), sorted.get(i).name()));
      }
    }
    return Optional.empty();
  }

  static IovaRange range(NamedRange region) {
    return new IovaRange(region.iova(), region.size());
  }

  public static boolean isPageMultiple(long value) {
    return (value & (PAGE_SIZE - 1)) == 0;
  }
}
