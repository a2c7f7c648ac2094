// SPDX-License-Identifier: Apache-2.0
/** The input of the suite: the device under test, the profile of its kind, and the options. */
@NullMarked
package io.vfio4j.conformance.setup;

import org.jspecify.annotations.NullMarked;
