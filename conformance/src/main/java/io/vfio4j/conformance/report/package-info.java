/** The results of the suite, and the forms in which they are written. */
@NullMarked
package io.vfio4j.conformance.report;

import org.jspecify.annotations.NullMarked;
