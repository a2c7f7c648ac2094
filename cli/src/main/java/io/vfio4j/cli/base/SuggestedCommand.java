// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.transport.TransportAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A command that a message recommends, quoted for a shell. All such commands are built here.
 *
 * @param arguments the command line after {@code vfio4j}
 */
public record SuggestedCommand(List<String> arguments) {

  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_@%+=:,./-]+");

  public SuggestedCommand {
    arguments = List.copyOf(arguments);
  }

  /**
   * Returns the command that shows the state of a device.
   *
   * @param device its address
   */
  public static SuggestedCommand probe(String device) {
    return new SuggestedCommand(List.of("probe", device));
  }

  /**
   * Returns the command that checks a device in use.
   *
   * @param device the address of its control socket
   */
  public static SuggestedCommand observe(String device) {
    return new SuggestedCommand(List.of("conform", "--observe", device));
  }

  /** Returns the command that resumes a device whose server keeps it stopped. */
  public static SuggestedCommand resume(String device) {
    return new SuggestedCommand(List.of("recover", "--resume", device));
  }

  /** Returns the command that resets such a device. */
  public static SuggestedCommand discard(String device) {
    return new SuggestedCommand(List.of("recover", "--discard", device));
  }

  /**
   * Returns the command that records an operator's decision about a migration.
   *
   * @param answer the option with the decision
   */
  public static SuggestedCommand decide(MigrationId migration, String answer) {
    return new SuggestedCommand(List.of("recover", migration.toString(), answer));
  }

  /** Returns the command that settles and lists the migrations in the journals of this host. */
  public static SuggestedCommand recover() {
    return new SuggestedCommand(List.of("recover"));
  }

  /** Returns the command that queries the host of a target for the owner of the devices. */
  public static SuggestedCommand ask(TransportAddress peer) {
    return new SuggestedCommand(List.of("recover", "--ask", peer.toString()));
  }

  /** Returns this command with additional options. */
  public SuggestedCommand with(List<String> options) {
    List<String> all = new ArrayList<>(arguments);
    all.addAll(options);
    return new SuggestedCommand(all);
  }

  /** Returns the command line, quoted for a shell. */
  @Override
  public String toString() {
    return arguments.stream().map(SuggestedCommand::quote).collect(Collectors.joining(" ", "vfio4j ", ""));
  }

  private static String quote(String word) {
    return PLAIN.matcher(word).matches() ? word : "'" + word.replace("'", "'\\''") + "'";
  }
}
