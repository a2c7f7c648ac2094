// SPDX-License-Identifier: Apache-2.0
/** Progress and reports of migrations as text and as JSON. */
@NullMarked
package io.vfio4j.cli.report;

import org.jspecify.annotations.NullMarked;
