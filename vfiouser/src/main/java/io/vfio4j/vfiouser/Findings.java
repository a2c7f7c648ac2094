// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;

/** What a client has found of its server so far, each kind once. */
final class Findings {

  private final ConcurrentSkipListMap<Finding.Kind, Finding> found = new ConcurrentSkipListMap<>();

  void add(Finding.Kind kind, String words) {
    found.put(kind, new Finding(kind, words));
  }

  /** Notes what a server's VERSION says. */
  void version(VersionMessage granted, Limits limits) {
    if (granted.minor() < VersionMessage.MINOR) {
      add(Finding.Kind.OLD_PROTOCOL,
          "protocol %d.%d, where this client knows %d.%d".formatted(granted.major(),
              granted.minor(), VersionMessage.MAJOR, VersionMessage.MINOR));
    }
    if (granted.capabilities().isEmpty()) {
      add(Finding.Kind.NO_CAPABILITIES, "no capabilities named: the protocol's own limits are kept to");
    }
    Limits usual = Limits.DEFAULT;
    if (limits.maxMsgFds() < usual.maxMsgFds() || limits.maxDataXferSize() < usual.maxDataXferSize()
        || limits.maxDmaMaps() < usual.maxDmaMaps()) {
      add(Finding.Kind.LOW_LIMITS,
          "low limits: %s and %s of data in a message, %s; larger transfers go in pieces"
              .formatted(descriptors(granted, limits), counted(limits.maxDataXferSize(), "byte"),
                  counted(limits.maxDmaMaps(), "mapping")));
    }
  }

  private static String descriptors(VersionMessage granted, Limits limits) {
    String count = counted(limits.maxMsgFds(), "descriptor");
    return granted.namesMaxMsgFds() ? count
        : count + " (the protocol's default, since max_msg_fds is not named)";
  }

  private static String counted(int count, String noun) {
    return count + " " + noun + (count == 1 ? "" : "s");
  }

  /** Notes that the server refused what others do for a stopped device. */
  void refusal() {
    add(Finding.Kind.REFUSES_WHILE_STOPPED,
        "nearly everything is refused in STOP and STOP_COPY: the device is set running before it is reset, and "
            + "asked what it is only while it runs");
  }

  List<Finding> list() {
    return List.copyOf(found.values());
  }
}
