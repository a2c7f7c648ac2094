// SPDX-License-Identifier: Apache-2.0
/** Simulated devices, a scripted kernel and a steerable clock, for tests here and elsewhere. */
@NullMarked
package io.vfio4j.testkit;

import org.jspecify.annotations.NullMarked;
