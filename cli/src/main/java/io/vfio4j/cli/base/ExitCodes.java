// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

/** Exit codes of commands. */
public final class ExitCodes {

  /** The command did what it was asked to do. */
  public static final int SUCCESS = 0;

  /** The command failed; the source runs, or nothing was touched. */
  public static final int FAILURE = 1;

  /** The arguments are wrong. */
  public static final int USAGE = 2;

  /**
   * The source does not run with its state, the owner of the devices is unknown, or a source that was handed over was not
   * released: an operator must act.
   */
  public static final int INTERVENTION_REQUIRED = 3;

  /** Done, and the devices run, but the workload that drives them did not resume. */
  public static final int WORKLOAD_PAUSED = 4;

  /** Done, but standard output or a file with the result could not be written. */
  public static final int OUTPUT_FAILED = 5;

  private ExitCodes() {
  }
}
