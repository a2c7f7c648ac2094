// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.base.SuggestedCommand;
import io.vfio4j.cli.device.OpenDevice;
import io.vfio4j.cli.device.OpenDevices;
import io.vfio4j.cli.recover.StateDirOption;
import io.vfio4j.engine.transport.TransportAddress;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The other side of a migration, as a message names it, and how to find out what became of the devices there.
 *
 * @param name what it is called
 * @param recoveryHint what to do to find out: an imperative
 */
record PeerDescription(String name, String recoveryHint) {

  /** Returns the side of devices on this machine. */
  static PeerDescription devices(OpenDevices devices, StateDirOption state) {
    return devices(devices.list().stream().map(OpenDevice::name).toList(), state.arguments());
  }

  static PeerDescription devices(List<String> names, List<String> recoverOptions) {
    String looks = names.stream().map(SuggestedCommand::probe).map(SuggestedCommand::toString)
        .collect(Collectors.joining("; "));
    return new PeerDescription(String.join(", ", names),
        "look into the journals: %s; and at the target: %s".formatted(
            SuggestedCommand.recover().with(recoverOptions),
            looks));
  }

  /**
   * Returns the side of a peer on another host.
   *
   * @param identity what says who we are to it
   * @param recoverOptions what says where the journals are
   */
  static PeerDescription peer(TransportAddress peer, List<String> identity, List<String> recoverOptions) {
    return new PeerDescription(peer.toString(),
        "let vfio4j receive, or vfio4j recover --answer ADDR, wait there, and ask it: %s; or look at its devices there, by vfio4j probe"
            .formatted(SuggestedCommand.ask(peer).with(identity).with(recoverOptions)));
  }

  /** Returns the side that a message can only name, since it ends with the command, or is not known by an address. */
  static PeerDescription named(String name) {
    return new PeerDescription(name, "look at " + name);
  }
}
