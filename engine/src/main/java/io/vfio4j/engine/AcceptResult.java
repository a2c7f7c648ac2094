// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

/**
 * The result of serving one peer that connected to a target. Only for {@link Migration} was a device touched.
 */
public sealed interface AcceptResult {

  /**
   * A completed migration.
   *
   * @param report the report; the devices run at the target
   */
  record Migration(TargetReport report) implements AcceptResult {
  }

  /**
   * A comparison: the source has received the target's HELLO and evaluates it.
   *
   * @param program the program at the source; empty if it sent none
   */
  record DryRun(String program) implements AcceptResult {
  }

  /**
   * An ownership query.
   *
   * @param migration the migration that was queried
   * @param answer the answer that was sent
   */
  record Query(MigrationId migration, OwnershipAnswer answer) implements AcceptResult {
  }

  /**
   * A migration that ended before a device was touched here, because of the source or the connection. Another
   * source may be served.
   *
   * @param reason why it ended
   */
  record Rejection(MigrationException reason) implements AcceptResult {
  }

  /**
   * A comparison or an ownership query that could not be answered.
   *
   * @param reason the error message
   */
  record Failure(String reason) implements AcceptResult {
  }
}
