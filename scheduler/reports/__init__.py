"""Reports for the people at the desks: ageing, activity, and what a day refused."""
