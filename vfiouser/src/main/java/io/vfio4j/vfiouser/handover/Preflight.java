// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.handover;

import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.wire.Structs.DmaMap;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Compares what a candidate has set up with what the owner of a device has. Both may map the same memory in other
 * pieces and in another order, so their coverage is compared, not their mappings.
 */
public final class Preflight {

  /** Most findings that are listed. */
  private static final int MAX_FINDINGS = 8;

  private static final List<String> INDEX_NAMES = List.of("INTx", "MSI", "MSI-X", "error", "request");

  private final VmmSetup owner;
  private final TreeMap<Long, VmmMapping> covering = new TreeMap<>(Long::compareUnsigned);
  private final VmmSetup candidate;
  private final List<String> findings = new ArrayList<>();

  private Preflight(VmmSetup owner, VmmSetup candidate) {
    this.owner = owner;
    this.candidate = candidate;
    for (VmmMapping mapping : candidate.mappings()) {
      covering.put(mapping.range().iova(), mapping);
    }
  }

  /** Returns what the candidate lacks; empty if it can become the owner. */
  public static List<String> findings(VmmSetup owner, VmmSetup candidate) {
    Preflight preflight = new Preflight(owner, candidate);
    owner.mappings().forEach(preflight::compareCoverage);
    preflight.compareInterrupts();
    return preflight.listed();
  }

  private List<String> listed() {
    if (findings.size() <= MAX_FINDINGS) {
      return List.copyOf(findings);
    }
    List<String> listed = new ArrayList<>(findings.subList(0, MAX_FINDINGS));
    listed.add("and %d more".formatted(findings.size() - MAX_FINDINGS));
    return listed;
  }

  /** Walks over a mapping of the owner, from one mapping of the candidate to the next. */
  private void compareCoverage(VmmMapping wanted) {
    long last = wanted.range().last();
    long iova = wanted.range().iova();
    while (true) {
      Map.Entry<Long, VmmMapping> entry = covering.floorEntry(iova);
      VmmMapping mapping = entry == null ? null : entry.getValue();
      long end;
      if (mapping != null && mapping.range().contains(iova, 1)) {
        end = min(mapping.range().last(), last);
        compare(wanted, mapping, iova, end);
      } else {
        Long next = covering.higherKey(iova);
        end = next == null ? last : min(next - 1, last);
        find("is not mapped", iova, end);
      }
      if (end == last) {
        return;
      }
      iova = end + 1;
    }
  }

  private void compare(VmmMapping wanted, VmmMapping mapping, long iova, long end) {
    int missing = wanted.flags() & ~mapping.flags() & (DmaMap.READ | DmaMap.WRITE);
    if (missing != 0) {
      find("is not mapped for " + ((missing & DmaMap.WRITE) != 0 ? "writing" : "reading"), iova, end);
    }
    if (!wanted.isSameMemory(mapping, iova)) {
      find("is other memory than the owner's", iova, end);
    }
  }

  private static long min(long a, long b) {
    return Long.compareUnsigned(a, b) <= 0 ? a : b;
  }

  private void find(String problem, long iova, long end) {
    findings.add("%s %s".formatted(new IovaRange(iova, end - iova + 1), problem));
  }

  private void compareInterrupts() {
    for (int index = 0; index < owner.vectors().size(); index++) {
      BitSet missing = (BitSet) owner.vectors().get(index).clone();
      missing.andNot(candidate.vectors().get(index));
      if (!missing.isEmpty()) {
        findings.add("%s %s is not enabled".formatted(name(index), missing));
      }
    }
    for (String interrupt : candidate.falseEventFds()) {
      findings.add("the descriptor of interrupt %s is not an eventfd".formatted(interrupt));
    }
  }

  private static String name(int index) {
    return index < INDEX_NAMES.size() ? INDEX_NAMES.get(index) : "interrupt index " + index;
  }
}
