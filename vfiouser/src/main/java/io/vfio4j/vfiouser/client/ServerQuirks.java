// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.wire.VersionMessage;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;

/** What a client has found of its server so far, each kind once. */
final class ServerQuirks {

  private final ConcurrentSkipListMap<ServerQuirk.Kind, ServerQuirk> quirks = new ConcurrentSkipListMap<>();

  void add(ServerQuirk.Kind kind, String words) {
    quirks.put(kind, new ServerQuirk(kind, words));
  }

  /** Notes what a server's VERSION says. */
  void recordVersion(VersionMessage granted, Limits limits) {
    if (granted.minor() < VersionMessage.MINOR) {
      add(ServerQuirk.Kind.OLD_PROTOCOL,
          "protocol %d.%d, where this client knows %d.%d".formatted(granted.major(),
              granted.minor(), VersionMessage.MAJOR, VersionMessage.MINOR));
    }
    if (granted.capabilities().isEmpty()) {
      add(ServerQuirk.Kind.NO_CAPABILITIES, "no capabilities named: the protocol's own limits are kept to");
    }
    Limits usual = Limits.DEFAULT;
    if (limits.maxMsgFds() < usual.maxMsgFds() || limits.maxDataXferSize() < usual.maxDataXferSize()
        || limits.maxDmaMaps() < usual.maxDmaMaps()) {
      add(ServerQuirk.Kind.LOW_LIMITS,
          "low limits: %s and %s of data in a message, %s; larger transfers go in pieces"
              .formatted(descriptors(granted, limits), pluralize(limits.maxDataXferSize(), "byte"),
                  pluralize(limits.maxDmaMaps(), "mapping")));
    }
  }

  private static String descriptors(VersionMessage granted, Limits limits) {
    String count = pluralize(limits.maxMsgFds(), "descriptor");
    return granted.hasMaxMsgFds() ? count
        : count + " (the protocol's default, since max_msg_fds is not named)";
  }

  private static String pluralize(int count, String noun) {
    return count + " " + noun + (count == 1 ? "" : "s");
  }

  /** Notes that the server refused what others do for a stopped device. */
  void recordRefusalWhileStopped() {
    add(ServerQuirk.Kind.REFUSES_WHILE_STOPPED,
        "nearly everything is refused in STOP and STOP_COPY: the device is set running before it is reset, and "
            + "asked what it is only while it runs");
  }

  List<ServerQuirk> list() {
    return List.copyOf(quirks.values());
  }
}
