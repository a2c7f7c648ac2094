// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

/** What somebody wanted who connected to a target, and was served. Only {@link Migration} has touched a device. */
public sealed interface AcceptResult {

  /**
   * A migration, which is done.
   *
   * @param report what was done; the devices run here
   */
  record Migration(TargetReport report) implements AcceptResult {
  }

  /**
   * A comparison: the source has heard what the target has, and decides.
   *
   * @param program what speaks at the source; empty where it does not say
   */
  record DryRun(String program) implements AcceptResult {
  }

  /**
   * A question of ownership.
   *
   * @param migration the migration that was asked about
   * @param answer what was answered
   */
  record Query(MigrationId migration, OwnershipAnswer answer) implements AcceptResult {
  }

  /**
   * A migration that ended before a device was touched here, for a reason that lies with the source or the connection:
   * another source may be served.
   *
   * @param reason what ended it
   */
  record Refusal(MigrationException reason) implements AcceptResult {
  }

  /**
   * A comparison or a question that could not be answered.
   *
   * @param reason why, for people
   */
  record Failure(String reason) implements AcceptResult {
  }
}
