// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.transport.TransportAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A command that a message recommends, ready to be typed. All such commands are made here, where their arguments have a
 * kind: what can be probed is a device, and what can be asked is a peer.
 *
 * @param arguments what follows {@code vfio4j}
 */
record AdvisedCommand(List<String> arguments) {

  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_@%+=:,./-]+");

  AdvisedCommand {
    arguments = List.copyOf(arguments);
  }

  /**
   * Looks at a device.
   *
   * @param device its address
   */
  static AdvisedCommand probe(String device) {
    return new AdvisedCommand(List.of("probe", device));
  }

  /** Lets a device run that its server keeps stopped. */
  static AdvisedCommand resume(String device) {
    return new AdvisedCommand(List.of("recover", "--resume", device));
  }

  /** Resets such a device. */
  static AdvisedCommand discard(String device) {
    return new AdvisedCommand(List.of("recover", "--discard", device));
  }

  /**
   * Settles a migration by a person's word.
   *
   * @param answer the option that says it
   */
  static AdvisedCommand decide(MigrationId migration, String answer) {
    return new AdvisedCommand(List.of("recover", migration.toString(), answer));
  }

  /** Settles what the journals of this machine say. */
  static AdvisedCommand recover() {
    return new AdvisedCommand(List.of("recover"));
  }

  /** Asks the host of a target who owns the devices. */
  static AdvisedCommand ask(TransportAddress peer) {
    return new AdvisedCommand(List.of("recover", "--ask", peer.toString()));
  }

  /** Returns this command with more options. */
  AdvisedCommand with(List<String> options) {
    List<String> all = new ArrayList<>(arguments);
    all.addAll(options);
    return new AdvisedCommand(all);
  }

  /** Returns it as a shell reads it. */
  @Override
  public String toString() {
    return arguments.stream().map(AdvisedCommand::quoted).collect(Collectors.joining(" ", "vfio4j ", ""));
  }

  private static String quoted(String word) {
    return PLAIN.matcher(word).matches() ? word : "'" + word.replace("'", "'\\''") + "'";
  }
}
