// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.FileStatus;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.vfiouser.dma.MappedRange;
import io.vfio4j.vfiouser.handover.VmmMapping;
import io.vfio4j.vfiouser.handover.VmmSetup;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/** Reads what a VMM has set up. On the thread that serves it. */
record VmmSetupReader(DeviceContext context) {

  VmmSetup read() {
    List<BitSet> vectors = new ArrayList<>();
    List<String> falseEventFds = new ArrayList<>();
    for (int index = 0; index < context.irqs().indexes(); index++) {
      BitSet enabled = context.irqs().enabled(index);
      vectors.add(enabled);
      for (int vector = enabled.nextSetBit(0); vector >= 0; vector = enabled.nextSetBit(vector + 1)) {
        EventFd eventFd = context.irqs().eventFd(index, vector);
        if (eventFd != null && !eventFd.isGenuine()) {
          falseEventFds.add(index + "/" + vector);
        }
      }
    }
    return new VmmSetup(context.dma().mapped().stream().map(VmmSetupReader::mapping).toList(), vectors,
        falseEventFds);
  }

  private static VmmMapping mapping(MappedRange mapped) {
    return new VmmMapping(mapped.range(), mapped.flags(), mapped.offset(),
        mapped.file().flatMap(file -> {
          try {
            return Optional.of(FileStatus.of(file));
          } catch (LinuxException e) {
            return Optional.empty(); // It is a kept descriptor of a mapped file: only its identity is unknown.
          }
        }));
  }
}
