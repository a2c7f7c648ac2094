@NullMarked
package io.vfio4j.cli.report;

import org.jspecify.annotations.NullMarked;
