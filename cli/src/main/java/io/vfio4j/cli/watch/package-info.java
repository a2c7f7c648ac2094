// SPDX-License-Identifier: Apache-2.0
/** What watches a migration beside the command's own words: events in a file, metrics, a page. */
@NullMarked
package io.vfio4j.cli.watch;

import org.jspecify.annotations.NullMarked;
