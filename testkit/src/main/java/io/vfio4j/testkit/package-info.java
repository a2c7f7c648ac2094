// SPDX-License-Identifier: Apache-2.0
/**
 * A simulated device with fault injection, a manual clock and seeded cases, for tests of this project and of
 * others. It uses no native code and no test framework.
 */
@NullMarked
package io.vfio4j.testkit;

import org.jspecify.annotations.NullMarked;
