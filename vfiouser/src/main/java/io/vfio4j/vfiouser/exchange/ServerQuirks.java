// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.exchange;

import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.quirk.ServerQuirk;
import io.vfio4j.vfiouser.wire.VersionMessage;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;

/** The deviations of its server that a client has found so far, at most one of each kind. Thread-safe. */
public final class ServerQuirks {

  private final ConcurrentSkipListMap<ServerQuirk.Kind, ServerQuirk> quirks = new ConcurrentSkipListMap<>();

  public void add(ServerQuirk.Kind kind, String description) {
    quirks.put(kind, new ServerQuirk(kind, description));
  }

  /** Records the deviations that a server's VERSION shows. */
  public void recordVersion(VersionMessage granted, Limits limits) {
    if (granted.minor() < VersionMessage.MINOR) {
      add(ServerQuirk.Kind.OLD_PROTOCOL,
          "protocol %d.%d; this client supports %d.%d".formatted(granted.major(),
              granted.minor(), VersionMessage.MAJOR, VersionMessage.MINOR));
    }
    if (granted.capabilities().isEmpty()) {
      add(ServerQuirk.Kind.NO_CAPABILITIES,
          "no capabilities sent: the protocol's default limits are in force");
    }
    Limits defaults = Limits.DEFAULT;
    if (limits.maxMsgFds() < defaults.maxMsgFds() || limits.maxDataXferSize() < defaults.maxDataXferSize()
        || limits.maxDmaMaps() < defaults.maxDmaMaps()) {
      add(ServerQuirk.Kind.LOW_LIMITS,
          "low limits: %s and %s of data in a message, %s; larger transfers are split"
              .formatted(descriptors(granted, limits), pluralize(limits.maxDataXferSize(), "byte"),
                  pluralize(limits.maxDmaMaps(), "mapping")));
    }
  }

  private static String descriptors(VersionMessage granted, Limits limits) {
    String count = pluralize(limits.maxMsgFds(), "descriptor");
    return granted.hasMaxMsgFds() ? count
        : count + " (the protocol's default, because max_msg_fds is not sent)";
  }

  private static String pluralize(int count, String noun) {
    return count + " " + noun + (count == 1 ? "" : "s");
  }

  /** Records that the server refused a request for a stopped device that others handle. */
  public void recordRefusalWhileStopped() {
    add(ServerQuirk.Kind.REFUSES_WHILE_STOPPED,
        "most requests are refused in STOP and STOP_COPY: the device is moved to RUNNING before it is reset, "
            + "and only queried while it runs");
  }

  public List<ServerQuirk> list() {
    return List.copyOf(quirks.values());
  }
}
