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
 * The other side of a migration in messages.
 *
 * @param name its name
 * @param recoveryHint an imperative that says how to find out whether the devices run there
 */
record PeerDescription(String name, String recoveryHint) {

  /** Returns the description of devices on this host. */
  static PeerDescription devices(OpenDevices devices, StateDirOption state) {
    return devices(devices.list().stream().map(OpenDevice::name).toList(), state.arguments());
  }

  static PeerDescription devices(List<String> names, List<String> recoverOptions) {
    String probes = names.stream().map(SuggestedCommand::probe).map(SuggestedCommand::toString)
        .collect(Collectors.joining("; "));
    return new PeerDescription(String.join(", ", names),
        "check the journals: %s; and the target: %s".formatted(
            SuggestedCommand.recover().with(recoverOptions),
            probes));
  }

  /**
   * Returns the description of a peer on another host.
   *
   * @param identity the options with the identity of this side
   * @param recoverOptions the options with the location of the journals
   */
  static PeerDescription peer(TransportAddress peer, List<String> identity, List<String> recoverOptions) {
    return new PeerDescription(peer.toString(),
        "run vfio4j receive or vfio4j recover --answer ADDR there, and query it: %s; or check its devices there with vfio4j probe"
            .formatted(SuggestedCommand.ask(peer).with(identity).with(recoverOptions)));
  }

  /** Returns a description of a side that ends with the command or has no known address. */
  static PeerDescription named(String name) {
    return new PeerDescription(name, "check " + name);
  }
}
