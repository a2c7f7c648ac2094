// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

/** Answers ownership queries. */
@FunctionalInterface
public interface OwnershipResponder {

  /** Returns the answer for a migration; whatever it promises is durable when this method returns. */
  OwnershipAnswer answer(MigrationId migration);
}
