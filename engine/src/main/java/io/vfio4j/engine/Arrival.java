// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

/** What somebody wanted who connected to a target, and was served. Only {@link Moved} has touched a device. */
public sealed interface Arrival {

  /**
   * A migration, which is done.
   *
   * @param report what was done; the devices run here
   */
  record Moved(TargetReport report) implements Arrival {
  }

  /**
   * A comparison: the source has heard what the target has, and decides.
   *
   * @param program what speaks at the source; empty where it does not say
   */
  record Compared(String program) implements Arrival {
  }

  /**
   * A question of ownership.
   *
   * @param session the migration that was asked about
   * @param answer what was answered
   */
  record Asked(Session session, OwnershipAnswer answer) implements Arrival {
  }

  /**
   * A migration that ended before a device was touched here, for a reason that lies with the source or the connection:
   * another source may be served.
   *
   * @param reason what ended it
   */
  record Refused(MigrationException reason) implements Arrival {
  }

  /**
   * A comparison or a question that could not be answered.
   *
   * @param reason why, for people
   */
  record Unanswered(String reason) implements Arrival {
  }
}
