// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.log;

/** The level of a line in a server's log, the most important first. */
public enum LogLevel {

  /**
   * An operator should investigate: a client violated the protocol, or an interrupt is no longer delivered.
   */
  WARNING,

  /** Clients connect and disconnect, and their requests are refused. */
  INFO,

  /**
   * Expected refusals: a client queries a feature that is not offered, or unmaps a range without mappings.
   */
  DEBUG;

  /** Returns whether a log of this level includes lines of another. */
  public boolean includes(LogLevel other) {
    return other.compareTo(this) <= 0;
  }
}
