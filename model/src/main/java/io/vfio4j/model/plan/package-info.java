@NullMarked
package io.vfio4j.model.plan;

import org.jspecify.annotations.NullMarked;
