// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Request;
import io.vfio4j.vfiouser.wire.Structs.Feature;
import io.vfio4j.vfiouser.wire.Structs.MigData;
import io.vfio4j.vfiouser.wire.Structs.RegionAccess;

/** What a request asked for, in a few words, as far as its body goes: for the log. */
final class RequestSummary {

  /** DMA_MAP and DMA_UNMAP: {@code u32 argsz, u32 flags}, then of a map {@code u64 offset}, then the range. */
  private static final int MAP_IOVA = 16;
  private static final int UNMAP_IOVA = 8;

  private RequestSummary() {
  }

  static String of(Request request) {
    Command command = Command.fromWire(request.command());
    if (command == null) {
      return "command " + request.command();
    }
    String details = switch (command) {
      case DMA_MAP -> range(request, MAP_IOVA);
      case DMA_UNMAP -> range(request, UNMAP_IOVA);
      case REGION_READ, REGION_WRITE -> hasBytes(request, RegionAccess.SIZE)
          ? " of %d bytes at 0x%x of region %d".formatted(request.u32(RegionAccess.COUNT),
              request.u64(RegionAccess.OFFSET), request.u32(RegionAccess.REGION))
          : "";
      case DEVICE_GET_REGION_INFO, DEVICE_GET_REGION_IO_FDS, DEVICE_GET_IRQ_INFO, DEVICE_SET_IRQS ->
        hasBytes(request, 12) ? " of index " + Integer.toUnsignedString(request.u32(8)) : "";
      case DEVICE_FEATURE -> hasBytes(request, Feature.SIZE)
          ? " " + feature(request.u32(Feature.FLAGS)) : "";
      case MIG_DATA_READ, MIG_DATA_WRITE -> hasBytes(request, MigData.SIZE)
          ? " of %s bytes".formatted(Integer.toUnsignedString(request.u32(MigData.LENGTH)))
          : "";
      default -> "";
    };
    return command + details;
  }

  private static boolean hasBytes(Request request, int bytes) {
    return request.size() >= bytes;
  }

  private static String range(Request request, int iova) {
    return hasBytes(request, iova + 16)
        ? " of 0x%x bytes at 0x%x".formatted(request.u64(iova + 8), request.u64(iova))
        : "";
  }

  private static String feature(int flags) {
    return "%s%s%s%d".formatted((flags & Feature.PROBE) != 0 ? "PROBE " : "",
        (flags & Feature.GET) != 0 ? "GET " : "",
        (flags & Feature.SET) != 0 ? "SET " : "", flags & Feature.INDEX_MASK);
  }
}
