// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.report;

/** The outcome of a run of the suite. */
public enum Outcome {

  /** At least one check of the requested groups was applicable, and none failed. */
  CONFORMANT("no check failed"),

  /** A check failed. */
  NOT_CONFORMANT("not conformant"),

  /** No check failed, but the device cannot migrate. */
  CANNOT_MIGRATE("not checked: the device cannot migrate"),

  /** No check failed, but no check of the requested groups was applicable. */
  NOTHING_APPLICABLE("not checked: no check is applicable");

  private final String description;

  Outcome(String description) {
    this.description = description;
  }

  /** Returns a description, in lower case. */
  public String description() {
    return description;
  }
}
