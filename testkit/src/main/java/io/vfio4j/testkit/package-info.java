// SPDX-License-Identifier: Apache-2.0
/** A simulated device with faults to order, a steerable clock and seeded cases: for tests here and elsewhere.
 * Nothing in it is native, and nothing depends on a test framework. */
@NullMarked
package io.vfio4j.testkit;

import org.jspecify.annotations.NullMarked;
