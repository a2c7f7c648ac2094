// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

/** What a command says to the shell. */
public final class ExitCodes {

  /** Done. */
  public static final int SUCCESS = 0;

  /** Not done; the source runs, or nothing was touched. */
  public static final int FAILURE = 1;

  /** Wrong arguments. */
  public static final int USAGE = 2;

  /** A source that does not run with its state, or an unknown owner: somebody has to look at it. */
  public static final int INTERVENTION_REQUIRED = 3;

  /** Done, and the devices run where they are to be, but the workload that drives them did not resume. */
  public static final int WORKLOAD_PAUSED = 4;

  /** Done, but the standard output or a file with the result could not be written. */
  public static final int OUTPUT_FAILED = 5;

  private ExitCodes() {
  }
}
