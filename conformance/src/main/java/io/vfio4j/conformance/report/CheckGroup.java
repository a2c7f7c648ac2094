// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.report;

import java.util.Locale;

/** What a check is about, in the order in which reports have it. */
public enum CheckGroup {
  /** What there is when the device has been opened. */
  INITIAL("Initial state"),
  /** Every pair of states, and state numbers that do not exist. */
  TRANSITIONS("Transitions"),
  /** The states on the way, where they can be watched. */
  PATHS("Ways between states"),
  /** Life and death of data sessions. */
  SESSIONS("Data sessions"),
  /** Reading the state of a device that runs. */
  PRE_COPY("Pre-copy"),
  /** Reading the state of a stopped device. */
  SAVING("Saving"),
  /** Writing a state, good or bad. */
  RESUMING("Resuming"),
  /** The log of memory written by DMA. */
  DMA_LOG("DMA logging"),
  /** Reset from every state. */
  RESET("Reset"),
  /** Closing the device and opening it again. */
  REOPENING("Reopening"),
  /** Regions while the device is stopped. */
  REGIONS("Regions"),
  /** The header of the migration region of version 1, where there is one. */
  V1_REGION("Version 1: the region"),
  /** What is written to its field device_state. */
  V1_STATES("Version 1: states"),
  /** What goes through its data window. */
  V1_DATA("Version 1: data"),
  /** The state ERROR, where it can be provoked. */
  ERROR("ERROR"),
  /** How long things take. */
  TIMES("Times");

  private final String title;

  CheckGroup(String title) {
    this.title = title;
  }

  /** Returns the group's title. */
  public String title() {
    return title;
  }

  /** Returns the group's name for files and command lines, as in {@code dma-log}. */
  public String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
