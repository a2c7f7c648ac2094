// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

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
public record SuggestedCommand(List<String> arguments) {

  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_@%+=:,./-]+");

  public SuggestedCommand {
    arguments = List.copyOf(arguments);
  }

  /**
   * Looks at a device.
   *
   * @param device its address
   */
  public static SuggestedCommand probe(String device) {
    return new SuggestedCommand(List.of("probe", device));
  }

  /** Lets a device run that its server keeps stopped. */
  public static SuggestedCommand resume(String device) {
    return new SuggestedCommand(List.of("recover", "--resume", device));
  }

  /** Resets such a device. */
  public static SuggestedCommand discard(String device) {
    return new SuggestedCommand(List.of("recover", "--discard", device));
  }

  /**
   * Settles a migration by a person's word.
   *
   * @param answer the option that says it
   */
  public static SuggestedCommand decide(MigrationId migration, String answer) {
    return new SuggestedCommand(List.of("recover", migration.toString(), answer));
  }

  /** Settles what the journals of this machine say. */
  public static SuggestedCommand recover() {
    return new SuggestedCommand(List.of("recover"));
  }

  /** Asks the host of a target who owns the devices. */
  public static SuggestedCommand ask(TransportAddress peer) {
    return new SuggestedCommand(List.of("recover", "--ask", peer.toString()));
  }

  /** Returns this command with more options. */
  public SuggestedCommand with(List<String> options) {
    List<String> all = new ArrayList<>(arguments);
    all.addAll(options);
    return new SuggestedCommand(all);
  }

  /** Returns it as a shell reads it. */
  @Override
  public String toString() {
    return arguments.stream().map(SuggestedCommand::quote).collect(Collectors.joining(" ", "vfio4j ", ""));
  }

  private static String quote(String word) {
    return PLAIN.matcher(word).matches() ? word : "'" + word.replace("'", "'\\''") + "'";
  }
}
