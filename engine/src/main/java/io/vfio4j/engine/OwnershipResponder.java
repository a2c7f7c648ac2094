// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

/** Answers the question who owns the devices of a migration. */
@FunctionalInterface
public interface OwnershipResponder {

  /** Returns the answer for a migration; what it promises is durable when this returns. */
  OwnershipAnswer answer(MigrationId migration);
}
