// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

/** How much a line of a server's log matters, the most important first. */
public enum LogLevel {

  /** An operator should look into it: a client that broke the protocol, an interrupt that is not delivered any more. */
  WARNING,

  /** What clients do: they connect and disconnect, and requests of theirs are refused. */
  INFO,

  /** What is expected: a client asks for a feature that is not offered, or unmaps what was not mapped. */
  DEBUG;

  /** Returns whether lines of a level are wanted by who wants this one. */
  public boolean includes(LogLevel other) {
    return other.compareTo(this) <= 0;
  }
}
