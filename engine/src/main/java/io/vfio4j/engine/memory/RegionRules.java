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

/** What regions of memory have to be like, wherever they come from; answers are what is wrong, in words. */
public final class RegionRules {

  /** Bytes of a page, the unit in which memory is followed and sent, whatever its own pages are. */
  public static final long PAGE_SIZE = DirtyLog.PAGE_SIZE;

  public static final int PAGE_SHIFT = Long.numberOfTrailingZeros(PAGE_SIZE);

  /** More regions than this are refused. */
  public static final int MAX_REGIONS = 64;

  public static final int MAX_NAME = 64;

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1," + MAX_NAME + "}");

  /** A region as the rules see it. */
  public interface NamedRange {

    String name();

    long iova();

    /** Returns its size in bytes. */
    long size();
  }

  private RegionRules() {
  }

  /** Tells what is wrong with one region. */
  public static Optional<String> violation(NamedRange region) {
    return violation(region.name(), region.iova(), region.size());
  }

  /** Tells what is wrong with a region of this name, address and size. */
  static Optional<String> violation(String name, long iova, long size) {
    if (!NAME.matcher(name).matches()) {
      return Optional
          .of("a region's name has 1 to %d letters, digits, dots, hyphens and underscores, unlike '%s'"
              .formatted(MAX_NAME, SanitizedText.of(name)));
    }
    if (size <= 0 || !isPageMultiple(size) || !isPageMultiple(iova)) {
      return Optional.of("region %s has %d bytes at 0x%x, which are not whole pages of %d bytes"
          .formatted(name, size, iova, PAGE_SIZE));
    }
    return IovaRange.isValid(iova, size) ? Optional.empty()
        : Optional.of("region %s, 0x%x bytes at 0x%x, reaches beyond the last address"
            .formatted(name, size, iova));
  }

  /** Tells what is wrong with regions, each of which is right by itself, beside each other. */
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
