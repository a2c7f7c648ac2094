// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.command;

/**
 * The handlers of related commands, with the state that they share for the time of one connection. Created by
 * {@code ServerConnection.createHandlers} when VERSION has succeeded.
 */
public interface CommandHandlers {

  /** Adds the handlers to the table of a connection. */
  void register(CommandTable table);
}
