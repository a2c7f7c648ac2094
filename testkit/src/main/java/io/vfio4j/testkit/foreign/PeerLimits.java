// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.foreign;

import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The limits of a peer.
 *
 * @param fds descriptors per message
 * @param data bytes of data per message
 * @param maps concurrent DMA mappings
 */
record PeerLimits(int fds, int data, int maps) {

  /** The limits of these peers, and the protocol's defaults, except for descriptors, whose default is 1. */
  static final PeerLimits DEFAULT = new PeerLimits(8, 1 << 20, 65535);

  static final PeerLimits MINIMAL = new PeerLimits(1, 64, 2);

  /** Returns the limits as JSON capabilities, without the one for descriptors. */
  String jsonWithoutFds() {
    return json().replaceFirst("\"max_msg_fds\":\\d+,", "");
  }

  String json() {
    return ("{\"capabilities\":{\"max_msg_fds\":%d,\"max_data_xfer_size\":%d,\"max_dma_maps\":%d,"
        + "\"migration\":{\"pgsize\":4096}}}").formatted(fds, data, maps);
  }

  /** Returns the minimum of these limits and those in a peer's JSON. */
  PeerLimits min(String json) {
    return new PeerLimits((int) Math.min(fds, parseLimit(json, "max_msg_fds").orElse(1)),
        (int) Math.min(data, parseLimit(json, "max_data_xfer_size").orElse(DEFAULT.data)),
        (int) Math.min(maps, parseLimit(json, "max_dma_maps").orElse(DEFAULT.maps)));
  }

  private static OptionalLong parseLimit(String json, String key) {
    Matcher number = Pattern.compile("\"%s\"\\s*:\\s*(\\d{1,18})".formatted(key)).matcher(json);
    return number.find() ? OptionalLong.of(Long.parseLong(number.group(1))) : OptionalLong.empty();
  }
}
