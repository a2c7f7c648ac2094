// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;
import java.util.Optional;

/**
 * What belongs to a device besides its state and moves with it, such as the connection of its VMM. The source's
 * side calls the methods in this order; if one of the first three fails, or anything else before COMMIT, the
 * devices return to RUNNING at the source, and the targets are reset.
 */
public interface Handover {

  /** Nothing moves but the state of the devices. */
  Handover NONE = new Handover() {
    @Override
    public void prepare() {
      // Nothing to prepare.
    }

    @Override
    public void commit() {
      // Nothing to give up.
    }

    @Override
    public boolean complete() {
      return false;
    }
  };

  /**
   * Passes state that the data sessions need not contain. Called when the target's devices are in RESUMING, and
   * before the source's first session opens; its devices run.
   *
   * @return a note for the report; empty for none
   * @throws IOException if the migration cannot succeed
   */
  default Optional<String> begin() throws IOException {
    return Optional.empty();
  }

  /**
   * Prepares the target, which has loaded the state, and runs nothing yet. The source must be able to continue
   * afterwards.
   *
   * @throws IOException if the target cannot take it over
   */
  void prepare() throws IOException;

  /**
   * Gives up the source's right to continue by itself. Called directly before COMMIT is sent.
   *
   * @throws IOException if the source has no longer what it is to give up
   */
  void commit() throws IOException;

  /**
   * Lets the source forget what it has handed over. Called when the target runs the devices, and before the
   * journal records that: if the process dies here, recovery has to do it.
   *
   * @return whether the source's devices are free for another user; otherwise the migration moves them to STOP
   * @throws IOException if the source still has it. It stays stopped, and the migration has succeeded all the
   *     same
   */
  boolean complete() throws IOException;
}
